//! Check of a plugin's imports against its grants, before anything is compiled.

use cloakroom_core::{Error, ErrorKind, Remedy, clean};

use super::{
    inspection::Inspection,
    requirement::{Capability, Requirement},
};
use crate::grants::Grants;

/// Most characters of an import's name that are shown.
const NAME: usize = 128;

/// Checks that everything a plugin imports is granted.
///
/// # Errors
/// `MissingGrant` with the first import that is not.
pub(super) fn check_grants(inspection: &Inspection, grants: &Grants) -> Result<(), Error> {
    let missing = inspection.imports.iter().find_map(|import| match import.requirement {
        Requirement::Grant(capability) if !is_granted(capability, grants) => {
            Some((import, capability))
        }
        _ => None,
    });
    let Some((import, capability)) = missing else {
        return Ok(());
    };
    let (help, remedies) = help(capability);
    let text = format!("imports `{}`, which was not granted: {help}", clean(&import.name, NAME));
    Err(Error::new(ErrorKind::MissingGrant, text).with_remedies(remedies))
}

fn is_granted(capability: Capability, grants: &Grants) -> bool {
    grants.accepts_any_import
        || match capability {
            Capability::Buckets => !grants.buckets.is_empty(),
            Capability::Keys => !grants.keys.is_empty(),
            Capability::Services => !grants.services.is_empty(),
            Capability::Subkeys => !grants.subkeys.is_empty(),
            Capability::Secrets => !grants.secrets.is_empty(),
            Capability::Tcp => !grants.tcp.is_empty(),
        }
}

fn help(capability: Capability) -> (&'static str, &'static [Remedy]) {
    match capability {
        Capability::Buckets => ("grant a bucket, or use another plugin", &[Remedy::GrantBuckets]),
        Capability::Keys => ("grant a key ring, or use another plugin", &[Remedy::GrantKeys]),
        Capability::Services => (
            "grant a service, or build the plugin without HTTP (componentize-js: \
                 `disableFeatures: ['http', 'fetch-event']`)",
            &[Remedy::GrantServices],
        ),
        Capability::Subkeys => {
            ("grant subkeys of a key ring, or use another plugin", &[Remedy::GrantSubkeys])
        }
        Capability::Secrets => ("grant a secret, or use another plugin", &[Remedy::GrantSecrets]),
        Capability::Tcp => (
            "grant a server, or build the plugin without a network (componentize-py: \
             `--stub-wasi`)",
            &[Remedy::GrantTcp],
        ),
    }
}
