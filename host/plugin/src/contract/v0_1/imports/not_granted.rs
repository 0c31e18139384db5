//! Errors of guests that ask for a bucket or a ring that was not granted.

use cloakroom_core::{Error, ErrorKind, clean};

use crate::settings::Settings;

/// Most characters of a name that are shown.
const NAME: usize = 64;

/// Returns the error of a guest that asked for `name`, with the names that were granted. `name` is the
/// guest's text and may hold payload bytes: it is shown only if the operator wrote it into the settings.
pub(super) fn not_granted<'a>(
    what: &str,
    name: &str,
    granted: impl Iterator<Item = &'a String>,
    settings: &Settings,
) -> Error {
    let is_setting =
        settings.names().any(|setting| settings.get(setting).is_some_and(|value| value == name));
    let asked = if is_setting {
        format!("{what} `{}` was not granted to this plugin", clean(name, NAME))
    } else {
        format!("a {what} that it asked for was not granted to this plugin")
    };
    let granted: Vec<_> = granted.map(|name| format!("`{name}`")).collect();
    let text = if granted.is_empty() {
        asked
    } else {
        format!("{asked}; granted: {}", granted.join(", "))
    };
    Error::new(ErrorKind::Denied, text)
}
