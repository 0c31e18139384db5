//! Text of guests, cleaned before it is shown.

use cloakroom_core::clean;
use tracing::Level;

/// One line is cut here.
const LINE: usize = 1024;

/// Speaks for a guest.
pub(crate) struct Speaker<'a> {
    pub(crate) plugin: &'a str,
    /// Whether anybody may hear. Lines are counted either way.
    pub(crate) audible: bool,
}

impl Speaker<'_> {
    pub(crate) fn say(&self, level: Level, text: &str) {
        if !self.audible {
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

/// Returns a name that may be any text as visible ASCII of bounded length, `?` for the rest.
pub(crate) fn visible(name: &str, most: usize) -> String {
    let shown = |c: char| if c.is_ascii_graphic() && c != '`' { c } else { '?' };
    name.chars().take(most).map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_visible_ascii() {
        assert_eq!(visible("2026-05 \u{1b}[2J`é", 64), "2026-05??[2J??");
        assert_eq!(visible("abcdef", 3), "abc");
    }
}
