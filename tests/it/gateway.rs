//! The gateway: workers that know nothing of it, and a real server behind it.

pub(crate) mod access;
pub(crate) mod canary;
mod down;
mod failures;
mod harness;
mod in_a_row;
mod inputs;
mod modes;
mod namespaces;
mod observed;
mod pages;
mod pass;
mod raw;
mod sdks;
mod sizes;
mod slow_peers;
mod strangers;
mod temporal_proxy;
mod traffic;
mod undecodable;
mod unsent;
