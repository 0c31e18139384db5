//! `limits` of a stage or a driver.

use std::num::NonZeroUsize;

use cloakroom_plugin::OwnLimits;
use serde::Deserialize;

use super::units::{Size, Span};

/// `limits` of a stage or a driver.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct OwnLimitsEntry {
    memory: Option<Size>,
    time: Option<Span>,
    output: Option<Size>,
    held: Option<Size>,
    handles: Option<NonZeroUsize>,
    log: Option<Size>,
}

impl OwnLimitsEntry {
    /// Returns the limits, as a plugin takes them.
    pub(crate) fn limits(&self) -> OwnLimits {
        let size = |size: &Option<Size>| size.as_ref().map(|size| size.0);
        OwnLimits {
            memory: size(&self.memory),
            time: self.time.as_ref().map(|span| span.0),
            output: size(&self.output),
            held: size(&self.held),
            handles: self.handles,
            log: size(&self.log),
        }
    }
}
