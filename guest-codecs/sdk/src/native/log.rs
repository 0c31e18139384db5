//! Lines for the operator.
//!
//! The host bounds them, and drops those written while a payload is at hand unless the operator granted
//! `log`, since they could carry it. In tests, [`testing::Host::log`](crate::testing::Host::log) returns
//! them.
//!
//! ```
//! use cloakroom_guest::{log, testing};
//!
//! let host = testing::Host::new();
//! log::write(log::Level::Info, "three coats");
//! assert_eq!(host.log(), ["Info: three coats"]);
//! ```

use super::host;

/// The importance of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Each step.
    Trace,
    /// For developers.
    Debug,
    /// For operators.
    Info,
    /// To be looked at.
    Warn,
    /// To be acted on.
    Error,
}

/// Writes one line.
pub fn write(level: Level, message: &str) {
    host::count_call();
    host::ask(|state| state.log.push(format!("{level:?}: {message}")));
}
