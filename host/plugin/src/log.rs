//! What guests write for the operator, made harmless before it is shown.

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
        let (plugin, text) = (self.plugin, harmless(text, LINE));
        match level {
            Level::ERROR => tracing::error!(target: "cloakroom::guest", plugin, "{text}"),
            Level::WARN => tracing::warn!(target: "cloakroom::guest", plugin, "{text}"),
            Level::INFO => tracing::info!(target: "cloakroom::guest", plugin, "{text}"),
            Level::DEBUG => tracing::debug!(target: "cloakroom::guest", plugin, "{text}"),
            Level::TRACE => tracing::trace!(target: "cloakroom::guest", plugin, "{text}"),
        }
    }
}

/// A guest's text on one line and of bounded length: control characters could steer a terminal or
/// forge lines of a log.
pub(crate) fn harmless(text: &str, most: usize) -> String {
    let shown = |c: char| if c.is_control() { ' ' } else { c };
    let mut line: String = text.chars().take(most).map(shown).collect();
    if text.chars().nth(most).is_some() {
        line.push('…');
    }
    line.trim().to_owned()
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

    #[test]
    fn cannot_forge_a_line_or_steer_a_terminal() {
        assert_eq!(harmless("a\nERROR b\x1b[2J", 64), "a ERROR b [2J");
    }

    #[test]
    fn is_cut() {
        assert_eq!(harmless("abcdef", 3), "abc…");
        assert_eq!(harmless("abc", 3), "abc");
    }
}
