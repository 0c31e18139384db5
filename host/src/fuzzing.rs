//! Entry points for `tests/fuzz`, which read bytes without acting on them. Not part of the API.

use cloakroom_core::Error;

use crate::config;

/// Reads a configuration, called `fuzz.toml` in errors, and opens nothing that it names.
///
/// # Errors
/// `Config` if it is not one.
pub fn parse_config(text: &str) -> Result<(), Error> {
    config::parse(text, "fuzz.toml").map(drop)
}
