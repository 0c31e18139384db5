//! A panic's place, told to the host before the instance ends.

use std::{panic, sync::Once};

use crate::log;

/// Has panics logged: without this, all that the host learns of one is that an instruction trapped.
/// Only the place is told; a message could hold what the plugin was working on.
pub fn report_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        panic::set_hook(Box::new(|info| {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            log::write(log::Level::Error, &format!("panicked at {place}"));
        }));
    });
}
