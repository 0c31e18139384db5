//! Layout of objects: the differences between kinds of stores.

/// The differences between kinds of stores.
pub trait Layout {
    /// The kind of storage.
    const KIND: &'static str;
    /// The claim's entry that names the bucket. With none, claims are read from the bucket that is
    /// configured.
    const BUCKET: Option<&'static str>;
    /// The claim's entry that names the object, and other names that released drivers wrote.
    const KEY: &'static [&'static str];
    /// A second entry with the name of the object, for released readers that know no other.
    const LEGACY_KEY: Option<&'static str> = None;
    /// The length of the longest key. Longer ones keep the namespace and the digest only.
    const LONGEST_KEY: usize = 1024;
    /// The length of the longest segment of a key, likewise.
    const LONGEST_SEGMENT: usize = usize::MAX;
    /// Escapes a name so that it is one segment of a key.
    fn segment(name: &str) -> String;
}
