//! Workers on the Rust SDK whose connection encodes, with nothing between them and a real server.

mod harness;
mod pass;
mod replay;
mod slow;
mod tls;
mod undecodable;
