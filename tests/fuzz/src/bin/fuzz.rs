//! One target under libFuzzer. `cargo xtask fuzz` builds and runs this.

#![no_main]

use std::sync::OnceLock;

use cloakroom_fuzz::{Target, find};

/// Names the target: libFuzzer takes all arguments for itself.
const NAME: &str = "CLOAKROOM_FUZZ_TARGET";

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    static TARGET: OnceLock<&'static Target> = OnceLock::new();
    let target = TARGET.get_or_init(|| {
        let name = std::env::var(NAME).expect("CLOAKROOM_FUZZ_TARGET names no target");
        find(&name).expect("CLOAKROOM_FUZZ_TARGET names no target")
    });
    target.run(data);
});
