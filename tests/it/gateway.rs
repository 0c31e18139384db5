//! The gateway for Temporal.

mod canary;
mod sdks;
