//! For whom an object is stored, as plain texts.

use crate::Context;

/// For whom an object is stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// `workflow`, `activity`, or a word that this version does not know.
    pub kind: Option<String>,
    /// The namespace.
    pub namespace: Option<String>,
    /// The workflow's or activity's type.
    pub type_name: Option<String>,
    /// The workflow's or activity's id.
    pub id: Option<String>,
    /// The run.
    pub run_id: Option<String>,
}

impl Target {
    /// The target of a call.
    pub fn of(ctx: &Context) -> Self {
        Self {
            kind: ctx.kind(),
            namespace: ctx.namespace(),
            type_name: ctx.type_name(),
            id: ctx.id(),
            run_id: ctx.run_id(),
        }
    }
}
