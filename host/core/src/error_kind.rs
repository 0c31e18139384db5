//! Kinds of errors: what happened, who must act, and whether a retry helps.

use crate::Limit;

/// Kind of a failure, as far as a program needs to tell cases apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The host has more work than it can take now. A retry may succeed.
    Busy,
    /// A setting was refused before anything ran.
    Config,
    /// A store returned other bytes than were stored.
    Corrupt,
    /// A backend, or the host on its behalf, refused.
    Denied,
    /// A plugin returned an error of its own.
    Failed,
    /// A bug in Cloakroom.
    Internal,
    /// A limit was reached.
    LimitExceeded(Limit),
    /// The bytes do not match their encoding: truncated, forged, or encrypted for another key.
    Malformed,
    /// A plugin imports a capability that was not granted.
    MissingGrant,
    /// An object or a key does not exist.
    NotFound,
    /// A plugin used an import beyond its grant.
    OutOfScope,
    /// The host cannot load this plugin.
    PluginRejected,
    /// The plugin broke the contract: its answer is not allowed.
    Protocol,
    /// The plugin trapped; its instance is gone.
    Trapped,
    /// A backend did not answer. A retry may succeed.
    Unavailable,
    /// A payload names a key that the key ring does not have.
    UnknownKey,
    /// A payload refers to a stored object, and no configured driver can retrieve it.
    Unresolved,
    /// A payload that must be encrypted is in plaintext.
    Unsealed,
}

/// Party that must act on an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Blame {
    /// A backend behind a plugin.
    Backend,
    /// The author of the code or the configuration around the host.
    Embedder,
    /// Cloakroom itself.
    Host,
    /// The producer of the payload.
    Payload,
    /// The plugin's author.
    Plugin,
}

impl ErrorKind {
    /// One error of each kind, for metrics, documentation and tests. One limit stands for all limits.
    pub const ALL: &'static [Self] = &[
        Self::Busy,
        Self::Config,
        Self::Corrupt,
        Self::Denied,
        Self::Failed,
        Self::Internal,
        Self::LimitExceeded(Limit::Time),
        Self::Malformed,
        Self::MissingGrant,
        Self::NotFound,
        Self::OutOfScope,
        Self::PluginRejected,
        Self::Protocol,
        Self::Trapped,
        Self::Unavailable,
        Self::UnknownKey,
        Self::Unresolved,
        Self::Unsealed,
    ];

    /// Returns who must act on the error.
    #[must_use]
    pub fn blame(self) -> Blame {
        match self {
            Self::Config
            | Self::Denied
            | Self::MissingGrant
            | Self::UnknownKey
            | Self::Unresolved => Blame::Embedder,
            Self::Busy | Self::Internal => Blame::Host,
            Self::Malformed
            | Self::Unsealed
            | Self::LimitExceeded(
                Limit::CallBytes
                | Limit::Entries
                | Limit::Message
                | Limit::Payload
                | Limit::Payloads,
            ) => Blame::Payload,
            Self::Corrupt | Self::NotFound | Self::Unavailable => Blame::Backend,
            Self::Failed
            | Self::LimitExceeded(_)
            | Self::OutOfScope
            | Self::PluginRejected
            | Self::Protocol
            | Self::Trapped => Blame::Plugin,
        }
    }

    /// Returns the kind as a label of a metric, such as `limit_exceeded`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Config => "config",
            Self::Corrupt => "corrupt",
            Self::Denied => "denied",
            Self::Failed => "failed",
            Self::Internal => "internal",
            Self::LimitExceeded(_) => "limit_exceeded",
            Self::Malformed => "malformed",
            Self::MissingGrant => "missing_grant",
            Self::NotFound => "not_found",
            Self::OutOfScope => "out_of_scope",
            Self::PluginRejected => "plugin_rejected",
            Self::Protocol => "protocol",
            Self::Trapped => "trapped",
            Self::Unavailable => "unavailable",
            Self::UnknownKey => "unknown_key",
            Self::Unresolved => "unresolved",
            Self::Unsealed => "unsealed",
        }
    }

    /// Returns whether a retry with nothing changed may succeed.
    #[must_use]
    pub fn is_transient(self) -> bool {
        matches!(self, Self::Busy | Self::Unavailable)
    }
}
