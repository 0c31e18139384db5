//! Claims outside of the namespaces whose objects a call may read.

use cloakroom_core::{Claim, Context, Error, ErrorKind, Remedy, clean};

use crate::offload::storage::Storage;

/// Characters of a namespace that an error shows: the claim may be forged.
const NAME: usize = 255;

impl Storage {
    /// Refuses a claim whose keys lie outside of the call's scope, if it has one. Asked before the cache
    /// and the driver, so that no store hears of a forged claim.
    ///
    /// # Errors
    /// `Denied`.
    pub(crate) fn check_scope(&self, ctx: &Context, claim: &Claim) -> Result<(), Error> {
        let Some(scope) = ctx.object_scope() else {
            return Ok(());
        };
        let reader = ctx.namespace_name();
        let Some(namespaces) = self.format.key_namespaces(claim) else {
            if scope.reads_unscoped() {
                return Ok(());
            }
            let text = "the claim's key names no namespace, so that the object may be anybody's: let \
                        such objects be read, if all namespaces may read them";
            return Err(Error::new(ErrorKind::Denied, text).with_remedies(&[Remedy::UnscopedKeys]));
        };
        match namespaces.iter().find(|namespace| !scope.holds(reader, namespace)) {
            None => Ok(()),
            Some(namespace) => Err(outside(namespace, reader)),
        }
    }
}

fn outside(namespace: &str, reader: Option<&str>) -> Error {
    let text = format!(
        "the claim's key belongs to namespace `{}`, and `{}` may not read its objects: share the one \
         with the other",
        clean(namespace, NAME),
        clean(reader.unwrap_or_default(), NAME)
    );
    Error::new(ErrorKind::Denied, text).with_remedies(&[Remedy::Shares])
}
