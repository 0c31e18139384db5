//! What all clones of a plugin share.

use std::sync::Arc;

use crate::{Grants, Host, Inspection, contract::v0_1::Prepared};

pub(crate) struct Loaded {
    pub(crate) host: Host,
    pub(crate) name: Arc<str>,
    /// Shared with all plugins of the same file.
    pub(crate) prepared: Arc<Prepared>,
    pub(crate) inspection: Inspection,
    pub(crate) grants: Grants,
}
