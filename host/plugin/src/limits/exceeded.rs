//! Errors of calls that exceed a limit.

use cloakroom_core::{Error, ErrorKind, Limit, Remedy};

use super::Limits;

impl Limits {
    /// Returns the error of a call that exceeded `limit`, whichever plugin was in it.
    pub(super) fn exceeded(&self, limit: Limit) -> Error {
        let (text, remedies): (_, &[Remedy]) = match limit {
            Limit::Entries => (
                format!("made a payload of more than {} metadata entries", self.entries),
                &[Remedy::Entries],
            ),
            Limit::Held => (
                format!(
                    "had the host hold more than {} at once: its input, and everything that it made \
                     and did not release",
                    self.held
                ),
                &[Remedy::Held],
            ),
            Limit::Handles => {
                (format!("held more than {} handles", self.handles), &[Remedy::Handles])
            }
            Limit::Log => {
                (format!("logged more than {} in one call", self.log), &[Remedy::LogBytes])
            }
            Limit::Memory => {
                (format!("wanted more than {} of memory", self.memory), &[Remedy::InstanceMemory])
            }
            Limit::Output => {
                (format!("produced more than {} in one call", self.output), &[Remedy::Output])
            }
            Limit::Time => (format!("took longer than {:?}", self.time), &[Remedy::PluginTime]),
            other => (format!("exceeded a limit: {other:?}"), &[]),
        };
        Error::new(ErrorKind::LimitExceeded(limit), text).with_remedies(remedies)
    }
}
