//! Panics are logged before they end the instance.

use std::{panic, sync::Once};

use super::log;

/// Start of a line with the message of a panic. The host knows it, and shows such lines in traces alone.
const MESSAGE: &str = "panic message: ";

/// Has a panic logged: without it, the host learns only that an instruction trapped. The message could
/// hold bytes of the payload, so the operator's log has the place alone, and a trace
/// (`cloakroom plugin run --trace`) has both.
pub(crate) fn log_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        panic::set_hook(Box::new(|info| {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            log::write(log::Level::Error, &format!("panicked at {place}"));
            if let Some(message) = info.payload_as_str() {
                log::write(log::Level::Trace, &format!("{MESSAGE}{message}"));
            }
        }));
    });
}
