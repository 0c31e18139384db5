//! Uses of a bucket, each granted on its own.

/// One use of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Use {
    /// Reading objects, and asking for their sizes.
    Read,
    /// Writing an object where none is.
    Write,
    /// Replacing an object.
    Overwrite,
    /// Removing an object.
    Remove,
    /// Listing keys.
    List,
}

impl Use {
    /// Its word in the configuration.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Overwrite => "overwrite",
            Self::Remove => "remove",
            Self::List => "list",
        }
    }

    /// Returns whether the use changes stored objects.
    pub(crate) fn changes(self) -> bool {
        matches!(self, Self::Write | Self::Overwrite | Self::Remove)
    }
}

/// The uses of a bucket that are granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Uses {
    pub(crate) read: bool,
    pub(crate) write: bool,
    pub(crate) overwrite: bool,
    pub(crate) remove: bool,
    pub(crate) list: bool,
}

impl Uses {
    /// Reading alone.
    pub(crate) const READ: Self =
        Self { read: true, write: false, overwrite: false, remove: false, list: false };

    /// Returns whether any of the uses changes stored objects.
    pub(crate) fn change(self) -> bool {
        self.write || self.overwrite || self.remove
    }

    pub(crate) fn allow(self, wanted: Use) -> bool {
        match wanted {
            Use::Read => self.read,
            Use::Write => self.write,
            Use::Overwrite => self.overwrite,
            Use::Remove => self.remove,
            Use::List => self.list,
        }
    }
}

/// The uses of a driver that stores and retrieves.
impl Default for Uses {
    fn default() -> Self {
        Self { write: true, ..Self::READ }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_use_is_granted_on_its_own() {
        let default = Uses::default();
        assert!(default.allow(Use::Read) && default.allow(Use::Write) && default.change());
        for wanted in [Use::Overwrite, Use::Remove, Use::List] {
            assert!(!default.allow(wanted), "{}", wanted.word());
        }
        let lists = Uses { list: true, ..Uses::READ };
        assert!(lists.allow(Use::List) && !lists.change() && !Use::List.changes());
    }
}
