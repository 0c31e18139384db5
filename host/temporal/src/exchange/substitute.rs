//! Requests and answers that the exchange makes itself, in place of a worker or of the frontend.

pub(super) mod answer_unsent;
pub(super) mod own_failure;
pub(super) mod refused_crossing;
pub(super) mod undecodable;
pub(super) mod unsent;
