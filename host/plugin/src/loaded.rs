//! What all clones of a plugin share.

use std::sync::Arc;

use crate::{Grants, Host, Inspection, contract::v0_1::LinkedPlugin};

pub(crate) struct PluginInner {
    pub(crate) host: Host,
    pub(crate) name: Arc<str>,
    /// Shared with all plugins of the same file.
    pub(crate) prepared: Arc<LinkedPlugin>,
    pub(crate) inspection: Inspection,
    pub(crate) grants: Grants,
}
