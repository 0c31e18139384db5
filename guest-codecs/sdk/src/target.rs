//! The workflow or activity that an object is stored for.

/// The workflow or activity that an object is stored for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// `workflow`, `activity`, or a word that this version does not know.
    pub kind: Option<String>,
    /// The namespace.
    pub namespace: Option<String>,
    /// The type of the workflow or activity.
    pub type_name: Option<String>,
    /// The id of the workflow or activity.
    pub id: Option<String>,
    /// The id of the run.
    pub run_id: Option<String>,
}
