//! Rings over a key service that need a secret.

use cloakroom_core::Error;

use super::{
    claims::PolicyWord,
    locator::{Locator, Table},
    schema::File,
};

/// Refuses claims and derived keys under a ring whose keys change by the clock and that has no secret.
pub(crate) fn check(file: &File, locator: &Locator) -> Result<(), Error> {
    let claims = file.storage.as_ref().and_then(|storage| storage.claims.as_ref());
    let claims = claims.filter(|claims| claims.policy != PolicyWord::Off);
    if let Some(ring) = claims.and_then(|claims| claims.ring.as_deref())
        && lacks_secret(file, ring)
    {
        let text = without_secret("`storage.claims`", ring);
        return locator.refuse(Table::Storage, &["claims"], text);
    }
    for (table, entry) in file.tables() {
        if let Some(ring) = entry.grants.subkeys.iter().find(|ring| lacks_secret(file, ring)) {
            let text = without_secret("`grants.subkeys`", ring);
            return locator.refuse(table, &["grants", "subkeys"], text);
        }
    }
    Ok(())
}

fn lacks_secret(file: &File, ring: &str) -> bool {
    file.keys.get(ring).is_some_and(|entry| entry.service.is_some() && entry.secret.is_none())
}

fn without_secret(what: &str, ring: &str) -> String {
    format!(
        "{what} names ring `{ring}`, whose data keys change by the clock: make a secret with `cloakroom keys \
         init`, and name it in `keys.{ring}.secret`"
    )
}
