//! Errors: what happened, where, and which settings decide about it.

use std::{error::Error as StdError, fmt, path::Path};

use crate::{
    ErrorKind, Remedy,
    clean::{LONGEST, clean},
    site::{Direction, Site},
};

/// The most characters of a name: of a stage, a plugin, a place in a file.
const NAME: usize = 256;

/// A failed operation.
///
/// `Display` is one line: where it happened, and what. Causes are behind `source`. No payload byte, key,
/// or metadata value other than the id of a missing key is ever part of it.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    site: Site,
    /// Whether a metric has counted it.
    counted: bool,
    /// Settings that decide about it, and their names once they are known.
    remedies: &'static [Remedy],
    remedy_names: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// Returns an error of this kind.
    ///
    /// The message is a lowercase fragment without payload contents. Whatever it quotes, it is cut to one
    /// line of 2,000 characters.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let (message, site) = (clean(&message.into(), LONGEST), Site::default());
        Self(Box::new(Inner {
            kind,
            message,
            site,
            counted: false,
            remedies: &[],
            remedy_names: None,
            source: None,
        }))
    }

    /// Returns the error with its cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Returns an error of another kind and message, with this one as its cause.
    #[must_use]
    pub fn wrapped(self, kind: ErrorKind, message: impl Into<String>) -> Self {
        Self::new(kind, message).with_source(self)
    }

    /// Returns the error with the settings that decide about it.
    ///
    /// The code that configured the pipeline knows what they are called there:
    /// [`Error::name_remedies`].
    #[must_use]
    pub fn with_remedies(mut self, remedies: &'static [Remedy]) -> Self {
        self.0.remedies = remedies;
        self
    }

    /// Returns the error with the names of its settings at the end of its message, and of the messages
    /// of its causes. Names that are there already stay: the closer a layer is to the failure, the
    /// better it knows its own methods.
    #[must_use]
    pub fn name_remedies(mut self, name: impl Fn(Remedy) -> &'static str) -> Self {
        self.set_names(&name, false);
        self
    }

    /// Returns the error with other names of its settings, as [`Error::name_remedies`]. Names that are
    /// there already are replaced: a configuration knows the keys that its reader can change.
    #[must_use]
    pub fn rename_remedies(mut self, name: impl Fn(Remedy) -> &'static str) -> Self {
        self.set_names(&name, true);
        self
    }

    fn set_names(&mut self, name: &impl Fn(Remedy) -> &'static str, replace: bool) {
        let inner = &mut *self.0;
        if !inner.remedies.is_empty() && (replace || inner.remedy_names.is_none()) {
            let names: Vec<_> = inner.remedies.iter().map(|remedy| name(*remedy)).collect();
            inner.remedy_names = Some(format!("`{}`", names.join("`, `")));
        }
        let cause = inner.source.as_deref_mut();
        if let Some(cause) = cause.and_then(|cause| cause.downcast_mut::<Self>()) {
            cause.set_names(name, replace);
        }
    }

    /// Returns the settings that decide about the error.
    #[must_use]
    pub fn remedies(&self) -> &'static [Remedy] {
        self.0.remedies
    }

    /// Returns the error in this plugin, unless a closer one is known.
    #[must_use]
    pub fn in_plugin(mut self, name: &str) -> Self {
        self.0.site.plugin.get_or_insert_with(|| clean(name, NAME));
        self
    }

    /// Returns the error with the plugin's file, unless one is known.
    #[must_use]
    pub fn in_file(mut self, path: &Path) -> Self {
        self.0.site.file.get_or_insert_with(|| path.to_owned());
        self
    }

    /// Returns the error at this place of a configuration, unless a closer one is known.
    #[must_use]
    pub fn at_place(mut self, place: &str) -> Self {
        self.0.site.place.get_or_insert_with(|| clean(place, LONGEST));
        self
    }

    /// Returns the error at this stage and payload, unless closer ones are known.
    #[must_use]
    pub fn at_stage(mut self, name: &str, direction: Direction, slot: usize) -> Self {
        let site = &mut self.0.site;
        site.stage.get_or_insert_with(|| clean(name, NAME));
        site.direction.get_or_insert(direction);
        site.slot.get_or_insert(slot);
        self
    }

    /// Returns the error at this payload, whatever place it had: for a caller that ran the payloads of
    /// its batch one by one.
    #[must_use]
    pub fn at_slot(mut self, slot: usize) -> Self {
        self.0.site.slot = self.0.site.slot.map(|_| slot);
        self
    }

    /// Returns the error, marked as counted in a metric: an outer layer does not count it again.
    #[must_use]
    pub fn counted(mut self) -> Self {
        self.0.counted = true;
        self
    }

    /// Returns whether a metric has counted the error, or one that it wraps.
    #[must_use]
    pub fn is_counted(&self) -> bool {
        let cause = self.0.source.as_deref().and_then(|cause| cause.downcast_ref::<Self>());
        self.0.counted || cause.is_some_and(Self::is_counted)
    }

    /// Returns the error and its causes on one line, outermost first, without control characters and
    /// with at most 2,000 characters.
    #[must_use]
    pub fn report(&self) -> String {
        let mut text = self.to_string();
        let mut cause = StdError::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        clean(&text, LONGEST)
    }

    /// Returns the kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the place in the configuration, such as `cloakroom.toml, line 3`.
    #[must_use]
    pub fn place(&self) -> Option<&str> {
        self.0.site.place.as_deref()
    }

    /// Returns the plugin that failed.
    #[must_use]
    pub fn plugin(&self) -> Option<&str> {
        self.0.site.plugin.as_deref()
    }

    /// Returns the stage that failed.
    #[must_use]
    pub fn stage(&self) -> Option<&str> {
        self.0.site.stage.as_deref()
    }

    /// Returns whether the payload was encoded or decoded.
    #[must_use]
    pub fn direction(&self) -> Option<Direction> {
        self.0.site.direction
    }

    /// Returns the payload's place in its batch, from 0.
    #[must_use]
    pub fn slot(&self) -> Option<usize> {
        self.0.site.slot
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { message, site, remedy_names, .. } = &*self.0;
        write!(f, "{site}{message}")?;
        match remedy_names {
            Some(names) => write!(f, " ({names})"),
            None => Ok(()),
        }
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

#[cfg(test)]
mod tests;
