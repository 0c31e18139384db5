//! Pages of histories: cut to what their caller can receive, and continued by a token of our own.
//!
//! Nothing is kept between two pages. The token says where the next event is, and any gateway with the
//! same keys goes on from it: it asks the server for its page again, and leaves out what was delivered.

mod cut;
mod decode;
mod events;
mod part;
mod resume;
mod run;
mod sealed;
mod task;
#[cfg(test)]
mod tests;

pub(super) use self::{decode::Manner, events::has_history};
