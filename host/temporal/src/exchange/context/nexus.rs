//! Operations of Nexus that a request starts: who handles them, and inputs that leave in plaintext.

use cloakroom_core::{Context, Error, ErrorKind, Remedy, clean};
use cloakroom_wire::{Scan, Site, View};

use super::short_name::short_name;
use crate::{namespaces::NamespacePolicies, nexus_endpoints::NexusEndpoint};

/// Characters of a name that an error shows: a command may name anything.
const NAME: usize = 255;

/// Endpoint of the server's own operations, which stay in their namespace.
const SYSTEM: &str = "__temporal_system";

/// Messages that start an operation, and the number of its input.
const STARTS: [(&str, u32); 2] =
    [("ScheduleNexusOperationCommandAttributes", 4), ("StartNexusOperationExecutionRequest", 11)];

/// An operation that a message starts.
#[derive(Clone, Copy, Debug)]
struct Operation<'a> {
    endpoint: &'a str,
    /// Number of the field with its input.
    input: u32,
}

impl<'a> Operation<'a> {
    fn read(message: View<'a>) -> Option<Self> {
        let name = short_name(message.message_type());
        let (_, input) = STARTS.iter().find(|(start, _)| *start == name)?;
        let endpoint = message.text("endpoint").unwrap_or_default();
        (endpoint != SYSTEM).then_some(Self { endpoint, input: *input })
    }
}

/// Returns the context of what belongs to an operation that a message starts. It stays in the caller's
/// namespace: the caller does not know the handler's.
pub(super) fn target(ctx: &Context, message: View<'_>) -> Option<Context> {
    let Operation { endpoint, .. } = Operation::read(message)?;
    let [service, operation] =
        ["service", "operation"].map(|name| message.text(name).unwrap_or_default());
    Some(ctx.clone().with_nexus_target(endpoint, service, operation))
}

/// Refuses operations whose handler could not open the input, or whose caller could not open the result.
/// An endpoint that is not known may be anywhere, so that it is refused where a stage is required.
///
/// `binds` says that what one namespace writes is not for others. Who may call an endpoint at a URL is
/// checked in any case.
///
/// # Errors
/// `Denied`.
pub(in super::super) fn check(
    policies: &NamespacePolicies,
    found: &Scan,
    ctx: &Context,
    binds: bool,
    is_required: bool,
) -> Result<(), Error> {
    let caller = ctx.namespace_name().unwrap_or_default();
    for (span, _) in found.spans() {
        let Some(Operation { endpoint: name, .. }) = found.view(span).and_then(Operation::read)
        else {
            continue;
        };
        match policies.endpoint(name) {
            Some(endpoint)
                if !policies.may_call(caller, endpoint)
                    && (binds || endpoint.namespace().is_none()) =>
            {
                return Err(refused(caller, name, endpoint));
            }
            None if binds && is_required => return Err(unknown(name)),
            _ => {}
        }
    }
    Ok(())
}

/// Marks inputs that leave in plaintext, among the contexts of a message's payloads.
pub(in super::super) fn leave_plaintext(
    policies: &NamespacePolicies,
    found: &Scan,
    targets: &mut [Context],
) {
    for (site, target) in found.sites().iter().zip(targets) {
        if is_plaintext(policies, found, site) {
            *target = target.clone().in_plaintext();
        }
    }
}

fn is_plaintext(policies: &NamespacePolicies, found: &Scan, site: &Site) -> bool {
    let Some(operation) = found.view(site.span()).and_then(Operation::read) else { return false };
    // The input alone: what else a caller says about its operation stays in its own history.
    operation.input == site.field()
        && policies.endpoint(operation.endpoint).is_some_and(NexusEndpoint::is_plaintext)
}

fn unknown(endpoint: &str) -> Error {
    let text = format!(
        "the namespace behind Nexus endpoint `{}` is not known, and a stage is required: name it",
        clean(endpoint, NAME)
    );
    Error::new(ErrorKind::Denied, text).with_remedies(&[Remedy::NexusEndpoints])
}

fn refused(caller: &str, name: &str, endpoint: &NexusEndpoint) -> Error {
    let (caller, name) = (clean(caller, NAME), clean(name, NAME));
    let Some(handler) = endpoint.namespace() else {
        let text = format!(
            "namespace `{caller}` is not among the callers of the external Nexus endpoint `{name}`: \
             add it"
        );
        return Error::new(ErrorKind::Denied, text).with_remedies(&[Remedy::NexusEndpoints]);
    };
    let text = format!(
        "input and result of Nexus endpoint `{name}` would cross between namespaces `{caller}` and \
         `{}`, which may not open each other's: add the caller, or share each with the other",
        clean(handler, NAME)
    );
    Error::new(ErrorKind::Denied, text).with_remedies(&[Remedy::NexusEndpoints, Remedy::Shares])
}

#[cfg(test)]
mod tests;
