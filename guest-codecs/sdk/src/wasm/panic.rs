//! Panics are logged before they end the instance.

use std::{panic, sync::Once};

use super::log;

/// Has the place of a panic logged: without it, the host learns only that an instruction trapped. The
/// message stays here, since it could hold bytes of the payload.
pub(crate) fn log_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        panic::set_hook(Box::new(|info| {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            log::write(log::Level::Error, &format!("panicked at {place}"));
        }));
    });
}
