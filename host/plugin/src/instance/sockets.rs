//! TCP sockets of one instance: client sockets to granted servers, and nothing else.

mod background_task;
pub(crate) mod dial;
mod dial_error;
mod reader;
pub(crate) mod socket;
pub(crate) mod traced_server;
mod writer;
