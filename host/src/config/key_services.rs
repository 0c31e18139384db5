//! Key services that rings name by a URI.

use std::{collections::BTreeMap, sync::Arc};

use cloakroom_core::{Error, ErrorKind, KeyService};

/// Key services of the program, by name.
pub(crate) type NativeKeyServices = BTreeMap<String, Arc<dyn KeyService>>;

/// Returns the service's key that a URI names. Nothing is sent.
///
/// # Errors
/// `Config` if the program has no such service, or this build knows no services of this kind.
pub(crate) fn key_service(
    uri: &str,
    native: &NativeKeyServices,
) -> Result<Arc<dyn KeyService>, Error> {
    if let Some(name) = uri.strip_prefix("native:") {
        return native
            .get(name)
            .cloned()
            .ok_or_else(|| config(format!("no key service `{name}` was given in the program")));
    }
    Err(config(format!(
        "this build knows no key service for `{}`",
        cloakroom_core::clean(uri, 200)
    )))
}

fn config(text: String) -> Error {
    Error::new(ErrorKind::Config, text)
}
