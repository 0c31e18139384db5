//! Names of hosts, as an operator grants them and a guest looks them up.

/// Most characters of a name, and of one label of it.
const NAME: usize = 253;
const LABEL: usize = 63;

/// Returns a name in lower case and without a dot at its end, or `None` if the text is no name.
///
/// The system's resolver takes `127.1`, `0x7f000001` and `2130706433` for addresses. A name that ends in a
/// number is therefore none, as in URLs.
pub(super) fn normalised(text: &str) -> Option<String> {
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    let last = name.rsplit('.').next().unwrap_or_default();
    let is_number = last.starts_with("0x") || last.bytes().all(|byte| byte.is_ascii_digit());
    let is_name = name.len() <= NAME && !is_number && name.split('.').all(is_label);
    is_name.then_some(name)
}

fn is_label(label: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=LABEL).contains(&label.len())
        && label.bytes().all(is_letter)
        && !label.starts_with('-')
        && !label.ends_with('-')
}
