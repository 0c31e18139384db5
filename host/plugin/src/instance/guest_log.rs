//! Log lines and names from guests, cleaned before anybody sees them.

use cloakroom_core::clean;
use tracing::Level;

use crate::trace::{Trace, TraceEvent};

/// Most characters of a line.
const LINE: usize = 1024;

/// Start of a line with the message of a panic, as the SDK writes it. A message is made up where a program
/// fails, out of what it has at hand: unlike a line that was meant for the log, it is shown in a trace alone.
const PANIC_MESSAGE: &str = "panic message: ";

/// Log of a guest in one call.
pub(crate) struct GuestLog<'a> {
    pub(super) plugin: &'a str,
    /// Whether lines are written. They are counted either way, so that a guest cannot find out.
    pub(super) enabled: bool,
    /// Gets every line, in place of the operator's log.
    pub(super) trace: Option<&'a Trace>,
}

impl GuestLog<'_> {
    pub(crate) fn write(&self, level: Level, text: &str) {
        if let Some(trace) = self.trace {
            trace.receive(TraceEvent::Line { level: level.as_str(), text: text.to_owned() });
            return;
        }
        if !self.enabled || (level == Level::TRACE && text.starts_with(PANIC_MESSAGE)) {
            return;
        }
        let (plugin, text) = (self.plugin, clean(text, LINE));
        match level {
            Level::ERROR => tracing::error!(target: "cloakroom::guest", plugin, "{text}"),
            Level::WARN => tracing::warn!(target: "cloakroom::guest", plugin, "{text}"),
            Level::INFO => tracing::info!(target: "cloakroom::guest", plugin, "{text}"),
            Level::DEBUG => tracing::debug!(target: "cloakroom::guest", plugin, "{text}"),
            Level::TRACE => tracing::trace!(target: "cloakroom::guest", plugin, "{text}"),
        }
    }
}

/// Returns at most `limit` characters of a name that may be any text, with `?` for all but visible ASCII.
pub(crate) fn visible_ascii(name: &str, limit: usize) -> String {
    // Not the backtick either: our texts put names between backticks.
    let shown = |c: char| if c.is_ascii_graphic() && c != '`' { c } else { '?' };
    name.chars().take(limit).map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_visible_ascii() {
        assert_eq!(visible_ascii("2026-05 \u{1b}[2J`é", 64), "2026-05??[2J??");
        assert_eq!(visible_ascii("abcdef", 3), "abc");
    }
}
