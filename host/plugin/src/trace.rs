//! Trace of a plugin, for its author: what it logs, which functions it calls, and where it traps.

use std::{fmt, sync::Arc, time::Duration};

/// Receiver of what a plugin does. Cheap to clone; clones are the same receiver.
///
/// ```
/// use cloakroom_plugin::{Grants, Trace, TraceEvent};
///
/// let trace = Trace::new(|event| {
///     if let TraceEvent::Line { level, text } = event {
///         eprintln!("{level}: {text}");
///     }
/// });
/// let grants = Grants::none().with_trace(trace);
/// ```
#[derive(Clone)]
pub struct Trace(Arc<dyn Fn(TraceEvent) + Send + Sync>);

/// Something that a plugin did, or that became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TraceEvent {
    /// The plugin wrote a line into its log, or printed one. The text is not cleaned.
    Line {
        /// Level, such as `INFO`.
        level: &'static str,
        /// Text.
        text: String,
    },
    /// The plugin called a function of the host, which has returned.
    HostCall {
        /// Name of the function, such as `bucket.put`.
        name: &'static str,
        /// Bytes that the plugin passed, or that a handle of its stands for.
        sent: u64,
        /// Bytes that it got back, or that a new handle stands for.
        received: u64,
        /// Time until the function returned, or until the result of what it began was taken.
        time: Duration,
        /// Server, service or secret that the call was for, and of a request its method and path. Empty
        /// for other functions. Never a query, a header, a body or a secret.
        target: String,
        /// Result, such as the status of a response, `ok`, or the kind of an error. Empty for functions
        /// without a target.
        outcome: String,
    },
    /// The call ended with a trap, or the host ended it.
    Trap {
        /// Functions of the plugin that it was in, innermost first. They have names if the component
        /// has a name section.
        backtrace: String,
    },
    /// A call of the plugin has ended.
    End {
        /// Bytes of linear memory that the instance has. It never shrinks.
        memory: u64,
    },
}

impl Trace {
    /// Returns a trace whose events go to a function. It is called on threads of the host, while the
    /// plugin waits.
    pub fn new(receive: impl Fn(TraceEvent) + Send + Sync + 'static) -> Self {
        Self(Arc::new(receive))
    }

    pub(crate) fn receive(&self, event: TraceEvent) {
        (self.0)(event);
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trace").finish_non_exhaustive()
    }
}
