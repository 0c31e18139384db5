//! Names that guests choose: encodings, kinds of storage, entries of metadata.

/// Most characters of a name.
const NAME: usize = 128;

/// Returns whether a guest's text can be shown and compared as a name.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= NAME && name.bytes().all(|b| b.is_ascii_graphic())
}
