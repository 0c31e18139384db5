//! Payloads that are written in one namespace and read in another.

use cloakroom_core::{Context, Error, ErrorKind, Remedy, clean};
use cloakroom_wire::Scan;

use crate::namespaces::NamespacePolicies;

/// Characters of a namespace that an error shows: a command may name anything.
const NAME: usize = 255;

/// Refuses payloads that would cross to a namespace that may not open them: what encrypts or signs binds
/// a payload to its namespace, so that the receiver would get an event that it can never read, and no
/// retry of the sender would mend that.
///
/// # Errors
/// `Denied`, naming the field and both namespaces.
pub(super) fn check(
    policies: &NamespacePolicies,
    found: &Scan,
    targets: &[Context],
) -> Result<(), Error> {
    for (site, target) in targets.iter().enumerate() {
        let namespace = target.namespace_name().unwrap_or_default();
        let receiver = target.of_target();
        let reader = receiver.namespace_name().unwrap_or_default();
        if !policies.may_read(reader, namespace) {
            let text = format!(
                "{}: a payload of namespace `{}` would cross to namespace `{}`, which may not open \
                 it: share the one with the other",
                found.path(site),
                clean(namespace, NAME),
                clean(reader, NAME)
            );
            return Err(Error::new(ErrorKind::Denied, text).with_remedies(&[Remedy::Shares]));
        }
    }
    Ok(())
}
