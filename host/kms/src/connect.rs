//! From the URI of a key to its client.

use std::sync::Arc;

use cloakroom_core::{Error, KeyService};

use crate::access::{KeyAccess, config};

/// Schemes of keys whose services this build knows.
pub const SCHEMES: &[&str] = &[
    #[cfg(feature = "aws")]
    "awskms",
    #[cfg(feature = "azure")]
    "azurekeyvault",
    #[cfg(feature = "google")]
    "gcpkms",
    #[cfg(feature = "vault")]
    "vault",
];

/// Returns the client of a key. Nothing is sent yet.
///
/// The URI alone says which key it is, and `access` where its service is and who asks.
///
/// # Errors
/// `Config` if the URI, its scheme or a setting cannot be used, or no credentials are named.
pub fn connect(uri: &str, access: &KeyAccess) -> Result<Arc<dyn KeyService>, Error> {
    let scheme = uri.split_once("://").map_or("", |(scheme, _)| scheme);
    match scheme {
        #[cfg(feature = "aws")]
        "awskms" => Ok(Arc::new(crate::aws::Aws::new(uri, access)?)),
        #[cfg(feature = "azure")]
        "azurekeyvault" => Ok(Arc::new(crate::azure::Azure::new(uri, access)?)),
        #[cfg(feature = "google")]
        "gcpkms" => Ok(Arc::new(crate::google::Google::new(uri, access)?)),
        #[cfg(feature = "vault")]
        "vault" => Ok(Arc::new(crate::vault::Vault::new(uri, access)?)),
        _ => {
            let _ = access;
            Err(config(format!(
                "the URI of a key begins with the scheme of its service: this build knows `{}`",
                SCHEMES.join("`, `")
            )))
        }
    }
}
