//! Errors of calls that exceed a limit.

use cloakroom_core::{Error, ErrorKind, Limit};

use super::Limits;

impl Limits {
    /// Returns the error of a call that exceeded `limit`. A driver's time is not known here: see
    /// `instance::trap::of_driver`.
    pub(crate) fn exceeded(&self, limit: Limit) -> Error {
        let text = match limit {
            Limit::Entries => format!(
                "made a payload of more than {} metadata entries (`limits.entries`)",
                self.entries
            ),
            Limit::Held => format!(
                "had the host hold more than {} at once (`limits.held`): its input, and everything \
                 that it made and did not release",
                self.held
            ),
            Limit::Handles => format!("held more than {} handles (`limits.handles`)", self.handles),
            Limit::Log => format!("logged more than {} in one call (`limits.log`)", self.log),
            Limit::Memory => {
                format!("wanted more than {} of memory (`limits.memory`)", self.memory)
            }
            Limit::Output => {
                format!("produced more than {} in one call (`limits.output`)", self.output)
            }
            Limit::Time => format!("took longer than {:?} (`limits.time`)", self.time),
            other => format!("exceeded a limit: {other:?}"),
        };
        Error::new(ErrorKind::LimitExceeded(limit), text)
    }
}
