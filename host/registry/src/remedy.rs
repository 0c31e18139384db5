//! Names of settings for registries and signatures that are set up by hand.

use cloakroom_core::Remedy;

/// Returns the method or the argument that decides about an error.
pub(crate) fn method(remedy: Remedy) -> &'static str {
    match remedy {
        Remedy::ComponentSize => "largest",
        Remedy::RegistryCredentials => "Access::with_credentials",
        Remedy::RegistryRealm => "Access::with_realm",
        _ => "Access",
    }
}
