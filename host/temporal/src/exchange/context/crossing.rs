//! Payloads that are written in one namespace and read in another.

use cloakroom_core::{Context, Error, ErrorKind, Remedy, clean};
use cloakroom_wire::{Scan, View};

use super::targets::short_name;
use crate::namespaces::NamespacePolicies;

/// Characters of a namespace that an error shows: a command may name anything.
const NAME: usize = 255;

/// Endpoint of the server's own operations, which stay in their namespace.
const SYSTEM: &str = "__temporal_system";

/// Refuses payloads that would cross to a namespace that may not open them: what encrypts or signs binds
/// a payload to its namespace, so that the receiver would get an event that it can never read, and no
/// retry of the sender would mend that.
///
/// # Errors
/// `Denied`, naming the field and both namespaces.
pub(crate) fn check(
    policies: &NamespacePolicies,
    found: &Scan,
    targets: &[Context],
) -> Result<(), Error> {
    for (site, target) in targets.iter().enumerate() {
        let namespace = target.namespace_name().unwrap_or_default();
        let receiver = target.of_target();
        let reader = receiver.namespace_name().unwrap_or_default();
        if !policies.may_read(reader, namespace) {
            return Err(refused(&found.path(site), namespace, reader));
        }
    }
    Ok(())
}

/// Refuses Nexus operations whose handler could not open the input, or whose caller could not open the
/// result. An endpoint that is not known may be anywhere, so that it is refused where a stage is required
/// and the policies name a namespace or an endpoint.
///
/// # Errors
/// `Denied`.
pub(crate) fn check_nexus(
    policies: &NamespacePolicies,
    found: &Scan,
    ctx: &Context,
    is_required: bool,
) -> Result<(), Error> {
    let caller = ctx.namespace_name().unwrap_or_default();
    for (site, _) in found.sites().iter().enumerate() {
        let Some(endpoint) = found.around(site).find_map(|span| endpoint(found.view(span)?)) else {
            continue;
        };
        match policies.endpoint(endpoint).and_then(|known| known.namespace()) {
            Some(handler) if !policies.may_read(handler, caller) => {
                return Err(refused(&found.path(site), caller, handler));
            }
            Some(handler) if !policies.may_read(caller, handler) => {
                let path = format!("{}, whose result is", found.path(site));
                return Err(refused(&path, handler, caller));
            }
            // Where nobody named a namespace there is most likely only one.
            None if is_required && endpoint != SYSTEM => {
                let text = format!(
                    "{}: the namespace behind Nexus endpoint `{}` is not known, and a stage is \
                     required: name it",
                    found.path(site),
                    clean(endpoint, NAME)
                );
                let error = Error::new(ErrorKind::Denied, text);
                return Err(error.with_remedies(&[Remedy::NexusEndpoints]));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Returns the endpoint of a command for a Nexus operation.
fn endpoint(message: View<'_>) -> Option<&str> {
    let is_operation =
        short_name(message.message_type()) == "ScheduleNexusOperationCommandAttributes";
    is_operation.then(|| message.text("endpoint").unwrap_or_default())
}

fn refused(path: &str, namespace: &str, reader: &str) -> Error {
    let text = format!(
        "{path}: a payload of namespace `{}` would cross to namespace `{}`, which may not open it: \
         share the one with the other",
        clean(namespace, NAME),
        clean(reader, NAME)
    );
    Error::new(ErrorKind::Denied, text).with_remedies(&[Remedy::Shares])
}
