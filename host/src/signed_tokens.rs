//! Keys that verify signed tokens, from a `jwt` table of the configuration.

use std::{fs, path::Path, time::Duration};

use cloakroom_core::{Error, ErrorKind};
use cloakroom_temporal::Auth;

use crate::{
    config::{JwtEntry, refuse_writable},
    unreadable::unreadable,
};

/// Time after which fetched keys are fetched again by default.
const REFRESH: Duration = Duration::from_secs(600);

/// Accepts tokens that a key of the table signed. `table` is the table around it, for errors. May block.
///
/// # Errors
/// `Config` if the keys cannot be read or used, or others could replace them.
pub(crate) fn with_signed_tokens(
    auth: Auth,
    jwt: &JwtEntry,
    table: &str,
    folder: &Path,
) -> Result<Auth, Error> {
    let (audience, issuer) = (jwt.audience.clone(), jwt.issuer.clone());
    let auth = if let Some(url) = jwt.url() {
        let refresh = jwt.refresh.as_ref().map_or(REFRESH, |span| span.0);
        let signed = auth.with_key_set_url(url, refresh, audience, issuer);
        signed.map_err(|error| error.wrapped(ErrorKind::Config, format!("{table}.jwt.keys")))?
    } else {
        let path = folder.join(&jwt.keys);
        let keys = read_guarded(table, &path)?;
        auth.with_key_set(&keys, audience, issuer)
            .map_err(|error| in_file(&format!("{table}.jwt"), &path, error))?
    };
    Ok(match &jwt.namespaces {
        Some(claim) => auth.with_namespace_claim(claim),
        None => auth,
    })
}

/// Reads a file that decides who is let in.
///
/// # Errors
/// `Config` if it cannot be read, or others could replace it.
pub(crate) fn read_guarded(place: &str, path: &Path) -> Result<Vec<u8>, Error> {
    refuse_writable(place, path)?;
    fs::read(path).map_err(|error| unreadable(path, error))
}

/// Returns an error with the key that names a file, and the file.
pub(crate) fn in_file(key: &str, path: &Path, error: Error) -> Error {
    let kind = error.kind();
    error.wrapped(kind, format!("{key}: `{}`", path.display()))
}
