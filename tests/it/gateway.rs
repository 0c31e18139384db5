//! The gateway: workers that know nothing of it, and a real server behind it.

mod canary;
mod down;
mod failures;
mod harness;
mod modes;
mod namespaces;
mod pass;
mod sdks;
mod sizes;
mod strangers;
mod undecodable;
