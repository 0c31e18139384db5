//! Payloads that are written in one namespace and read in another.

use cloakroom_core::{Context, Error, ErrorKind, Remedy, clean};
use cloakroom_pipeline::Pipeline;
use cloakroom_wire::Scan;

use crate::namespaces::NamespacePolicies;

/// Characters of a namespace that an error shows: a command may name anything.
const NAME: usize = 255;

/// Returns whether what is written in one namespace cannot be read in another that it does not share with:
/// it is sealed for its namespace, or large payloads are stored, and nobody reads the objects of others.
pub(in super::super) fn separates_namespaces(pipeline: &Pipeline) -> bool {
    pipeline.binds_namespaces() || pipeline.threshold().is_some()
}

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

fn refused(path: &str, namespace: &str, reader: &str) -> Error {
    let text = format!(
        "{path}: a payload of namespace `{}` would cross to namespace `{}`, which may not open it: \
         share the one with the other",
        clean(namespace, NAME),
        clean(reader, NAME)
    );
    Error::new(ErrorKind::Denied, text).with_remedies(&[Remedy::Shares])
}
