//! Names that a stranger chose, made safe for error messages.

/// Returns a name of at most 64 printable ASCII characters without backticks. Others become `?`.
pub(crate) fn printable(name: &str) -> String {
    let safe = |c: char| if c.is_ascii_graphic() && c != '`' { c } else { '?' };
    name.chars().take(64).map(safe).collect()
}
