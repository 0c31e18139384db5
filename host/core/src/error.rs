//! What went wrong, where, whose fault it is, and whether waiting helps.

use std::{error::Error as StdError, fmt, path::Path};

use crate::{
    Limit,
    report::{LONGEST, clean},
    site::{Direction, Site},
};

/// The most characters of a name: of a stage, a plugin, a place in a file.
const NAME: usize = 256;

/// A failed operation.
///
/// `Display` is one line: where, and what. Causes are behind `source`. No payload byte, key, or metadata
/// value but the id of a missing key is ever part of it.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    site: Site,
    counted: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What went wrong, as far as a program should tell cases apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The host has more work than it can take now. The same call may succeed later.
    Busy,
    /// A setting was refused before anything ran.
    Config,
    /// What a store gave back is not what was stored.
    Corrupt,
    /// A backend, or the host on its behalf, refused.
    Denied,
    /// A plugin gave up for a reason of its own.
    Failed,
    /// A bug of ours.
    Internal,
    /// A number of [`Limit`] was reached.
    LimitExceeded(Limit),
    /// The bytes are not what their encoding says: truncated, forged, or sealed for another.
    Malformed,
    /// A world imports what was not granted.
    MissingGrant,
    /// A claim or a key names nothing that is there.
    NotFound,
    /// An import was used beyond its grant.
    OutOfScope,
    /// Not a plugin that this host can load.
    PluginRejected,
    /// The plugin broke the contract: it answered with what it must not answer.
    Protocol,
    /// The plugin trapped; its instance is gone.
    Trapped,
    /// A backend did not answer; the same call may succeed later.
    Unavailable,
    /// A payload names a key that is not in the key ring.
    UnknownKey,
    /// A reference to something stored elsewhere, with nothing configured that could fetch it.
    Unresolved,
    /// A payload that must be sealed is not.
    Unsealed,
}

/// Whose move it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Blame {
    /// A backend behind a plugin.
    Backend,
    /// Whoever wrote the code or the configuration around the host.
    Embedder,
    /// Us.
    Host,
    /// Whoever produced the bytes.
    Payload,
    /// The plugin's author.
    Plugin,
}

impl ErrorKind {
    /// One of each kind, for lists of them: metrics, documentation, tests. A limit stands for all.
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

    /// Whose move it is.
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

    /// One word for it, for a metric's label.
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

    /// Whether the same call may succeed later with nothing changed.
    pub fn is_transient(self) -> bool {
        matches!(self, Self::Busy | Self::Unavailable)
    }
}

impl Error {
    /// Returns an error of this kind. The message is a lowercase fragment without payload contents; it
    /// is put on one line of at most 2,000 characters, whatever it quotes.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let (message, site) = (clean(&message.into(), LONGEST), Site::default());
        Self(Box::new(Inner { kind, message, site, counted: false, source: None }))
    }

    /// The same error with its cause.
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The same error of another kind and with more to say; this one is its cause.
    pub fn wrapped(self, kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::new(kind, message).with_source(self)
    }

    /// The same error in this plugin, unless a closer one is known.
    pub fn in_plugin(mut self, name: &str) -> Self {
        self.0.site.plugin.get_or_insert_with(|| clean(name, NAME));
        self
    }

    /// The same error with the plugin's file, unless one is known.
    pub fn in_file(mut self, path: &Path) -> Self {
        self.0.site.file.get_or_insert_with(|| path.to_owned());
        self
    }

    /// The same error at this place of a configuration, unless a closer one is known.
    pub fn at_place(mut self, place: &str) -> Self {
        self.0.site.place.get_or_insert_with(|| clean(place, LONGEST));
        self
    }

    /// The same error at this stage.
    pub fn at_stage(mut self, name: &str, direction: Direction, slot: usize) -> Self {
        let site = &mut self.0.site;
        site.stage.get_or_insert_with(|| clean(name, NAME));
        site.direction.get_or_insert(direction);
        site.slot.get_or_insert(slot);
        self
    }

    /// The same error where `slots` maps the place in its batch to another.
    pub fn in_slots(mut self, slots: &[usize]) -> Self {
        if let Some(slot) = &mut self.0.site.slot
            && let Some(other) = slots.get(*slot)
        {
            *slot = *other;
        }
        self
    }

    /// The same error, marked as counted in a metric: an outer layer does not count it again.
    pub fn counted(mut self) -> Self {
        self.0.counted = true;
        self
    }

    /// Returns whether the error, or one that it wraps, is counted in a metric.
    pub fn is_counted(&self) -> bool {
        let cause = self.0.source.as_deref().and_then(|cause| cause.downcast_ref::<Self>());
        self.0.counted || cause.is_some_and(Self::is_counted)
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The place in the configuration, such as `cloakroom.toml, line 3`.
    pub fn place(&self) -> Option<&str> {
        self.0.site.place.as_deref()
    }

    /// The plugin that it went wrong in.
    pub fn plugin(&self) -> Option<&str> {
        self.0.site.plugin.as_deref()
    }

    /// The stage that it went wrong at.
    pub fn stage(&self) -> Option<&str> {
        self.0.site.stage.as_deref()
    }

    /// Which way the payload was going.
    pub fn direction(&self) -> Option<Direction> {
        self.0.site.direction
    }

    /// The payload's place in its batch, from 0.
    pub fn slot(&self) -> Option<usize> {
        self.0.site.slot
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { message, site, .. } = &*self.0;
        write!(f, "{site}{message}")
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("message", &self.to_string())
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
