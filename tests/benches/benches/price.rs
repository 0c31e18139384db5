//! What the sandbox costs.
fn main() {}
