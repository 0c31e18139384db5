//! The gateway: a worker that knows nothing of it, and a real server behind it.

mod down;
mod harness;
mod pass;
mod strangers;
mod undecodable;
