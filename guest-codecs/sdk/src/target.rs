//! The workflow or activity that an object is stored for.

use crate::Context;

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

impl From<&Context> for Target {
    fn from(ctx: &Context) -> Self {
        Self {
            kind: ctx.kind(),
            namespace: ctx.namespace(),
            type_name: ctx.type_name(),
            id: ctx.id(),
            run_id: ctx.run_id(),
        }
    }
}
