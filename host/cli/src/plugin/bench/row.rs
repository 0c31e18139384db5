//! A row of figures, which is shown as a table, as JSON and as a picture.

use crate::plugin::measure::Times;

/// Figures of one plugin for one size.
pub(crate) struct Row {
    pub(crate) plugin: String,
    pub(crate) is_warm: bool,
    /// Bytes of the body.
    pub(crate) bytes: usize,
    pub(crate) times: Times,
}
