//! Uses of a bucket, each granted on its own.

/// One use of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BucketUse {
    /// Reading objects, and asking for their sizes.
    Read,
    /// Writing an object where there is none.
    Write,
    /// Replacing an object.
    Overwrite,
    /// Removing an object.
    Remove,
    /// Listing keys.
    List,
}

impl BucketUse {
    /// Returns the word for it in the configuration.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Overwrite => "overwrite",
            Self::Remove => "remove",
            Self::List => "list",
        }
    }

    /// Returns whether the use changes stored objects.
    pub(super) fn changes_objects(self) -> bool {
        matches!(self, Self::Write | Self::Overwrite | Self::Remove)
    }
}

/// Uses of a bucket that are granted. The default is enough for a driver that stores and retrieves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BucketUses {
    pub(super) read: bool,
    pub(super) write: bool,
    pub(super) overwrite: bool,
    pub(super) remove: bool,
    pub(super) list: bool,
}

impl BucketUses {
    pub(super) const READ: Self =
        Self { read: true, write: false, overwrite: false, remove: false, list: false };

    /// Returns whether any granted use changes stored objects.
    pub(super) fn can_change_objects(self) -> bool {
        self.write || self.overwrite || self.remove
    }

    pub(super) fn allows(self, wanted: BucketUse) -> bool {
        match wanted {
            BucketUse::Read => self.read,
            BucketUse::Write => self.write,
            BucketUse::Overwrite => self.overwrite,
            BucketUse::Remove => self.remove,
            BucketUse::List => self.list,
        }
    }
}

impl Default for BucketUses {
    fn default() -> Self {
        Self { write: true, ..Self::READ }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_use_is_granted_on_its_own() {
        let default = BucketUses::default();
        assert!(default.allows(BucketUse::Read) && default.allows(BucketUse::Write));
        assert!(default.can_change_objects());
        for wanted in [BucketUse::Overwrite, BucketUse::Remove, BucketUse::List] {
            assert!(!default.allows(wanted), "{}", wanted.as_str());
        }
        let lists = BucketUses { list: true, ..BucketUses::READ };
        assert!(lists.allows(BucketUse::List) && !lists.can_change_objects());
        assert!(!BucketUse::List.changes_objects());
    }
}
