//! Findings about a plugin, which are shown as a table, as JSON and as JUnit XML.

use cloakroom_conformance::Report;

use super::cost::Cost;

/// Findings about one plugin.
pub(crate) struct Findings {
    pub(crate) name: String,
    pub(crate) digest: String,
    /// Purpose of a codec, or kind of a driver.
    pub(crate) what: String,
    /// Backends that the plugin was tried against. Empty if it asks for none.
    pub(crate) backends: Vec<String>,
    pub(crate) report: Report,
    /// None if only some rules were asked for.
    pub(crate) cost: Option<Cost>,
}
