//! Access to a registry, by a configuration or by arguments.

use std::env;

use cloakroom::{
    CloakroomBuilder, Error,
    pipeline::setting_name,
    registry::{Access, Client},
    signature::Reference,
};

use super::args::AccessArgs;
use crate::{failure::Failure, open::builder};

/// Returns a client of the registry of a reference.
///
/// # Errors
/// Usage if the configuration or the password cannot be read.
pub(super) fn client(args: &AccessArgs, reference: &Reference) -> Result<Client, Failure> {
    let mut access = match &args.config {
        Some(path) => builder(path).registry_access(reference)?,
        None => Access::new(reference),
    };
    if let (Some(username), Some(variable)) = (&args.username, &args.password_env) {
        let password = env::var(variable).map_err(|_| {
            Failure::usage(format!("the environment has no variable `{variable}` with a password"))
        })?;
        access = access.with_credentials(username, password.into());
    }
    if args.plain_http {
        access = access.with_plain_http(true);
    }
    Ok(Client::new(access)?)
}

/// Returns an error of a registry with what to change: keys of the configuration, or arguments.
pub(super) fn with_advice(args: &AccessArgs, error: Error) -> Failure {
    if args.config.is_some() {
        return error.rename_remedies(setting_name).into();
    }
    error.rename_remedies(|_| "--username, --password-env, or --config with [registries]").into()
}

/// Returns the builder of a configuration that may be left out, for its limits and folders.
pub(super) fn builder_of(args: &AccessArgs) -> Option<CloakroomBuilder> {
    args.config.as_deref().map(builder)
}
