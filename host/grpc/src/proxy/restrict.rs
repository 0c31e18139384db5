//! Callers of a configuration that is not loaded yet: what it takes away counts at once.

use std::sync::Arc;

use http::HeaderMap;

use super::{callers::Callers, handle::Proxy, protocol::Protocol};
use crate::{
    access::{AuthError, CertificateNames},
    caller::Caller,
};

impl<P: Protocol> Proxy<P> {
    /// Restricts calls to what these callers may do too, until a [`Proxy::swap`]: for a configuration
    /// that was read and not loaded. Plugins may take minutes to compile, or fail, and an identity or a
    /// token that the file no longer has must not count until then. Returns whether that changed
    /// anything.
    ///
    /// What the callers add is not given: it belongs to a configuration that may never be loaded.
    #[must_use]
    pub fn restrict(&self, mut callers: Callers) -> bool {
        let state = &self.0;
        let current = state.callers.load();
        let pending = state.restriction.load_full();
        // The file was changed back before it was loaded: nothing is pending any more.
        if current.admits_the_same(&callers) {
            state.restriction.store(None);
            return pending.is_some();
        }
        if pending.as_ref().is_some_and(|pending| pending.admits_the_same(&callers)) {
            return false;
        }
        callers.adopt_keys(pending.as_deref().unwrap_or(&current));
        state.restriction.store(Some(Arc::new(callers)));
        true
    }
}

/// Returns who makes a call, with the rights that it has by the configuration that serves and by one that
/// is not loaded yet.
///
/// # Errors
/// The reason to refuse the call, for the log.
pub(super) async fn authenticate(
    callers: &Callers,
    restriction: Option<&Callers>,
    names: Option<&CertificateNames>,
    headers: &mut HeaderMap,
) -> Result<Arc<Caller>, AuthError> {
    let Some(restriction) = restriction else {
        return callers.authenticate(names, headers).await;
    };
    // The first check takes the token out of the headers.
    let mut again = headers.clone();
    let caller = callers.authenticate(names, headers).await?;
    let restricted = restriction.authenticate(names, &mut again).await?;
    Ok(Arc::new(caller.restricted_to(&restricted)))
}
