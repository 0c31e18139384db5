//! Facts about an instance that are used for the context of its payloads.

/// Name and parent of an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    /// Name of the workflow, or nothing if it is not known.
    pub(crate) workflow: String,
    /// App of the workflow that started it, if it is another one.
    pub(crate) parent_app: Option<String>,
}
