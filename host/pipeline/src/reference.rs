//! References to stored objects, and the format in which a workflow engine's ecosystem writes them.

use cloakroom_core::{Claim, Error, Payload};

/// Writes and reads references. Each workflow engine has a format of its own.
///
/// Everything that is read comes from a history, and could be anything: reading must bound its work.
pub trait ReferenceFormat: Send + Sync {
    /// Returns what a payload claims to be, by its metadata alone. Anybody can write that.
    fn classify(&self, payload: &Payload) -> PayloadKind;

    /// Reads a reference in the clear.
    ///
    /// # Errors
    /// `Malformed` if the payload is not one.
    fn read(&self, payload: &Payload) -> Result<Reference, Error>;

    /// Returns whether a reference that can be read holds nothing but a driver, a claim and a size.
    fn is_bare(&self, payload: &Payload) -> bool;

    /// Returns the payload that takes the place of a stored object.
    fn write(&self, object: &StoredObject<'_>) -> Payload;

    /// Marks a reference that the stages have encoded, and adds the sizes that they dropped.
    fn mark_encoded(&self, encoded: Payload, sizes: Vec<i64>) -> Payload;

    /// Removes the mark. Returns what the stages made, and the sizes of the reference.
    fn unmark_encoded(&self, marked: Payload) -> (Payload, Vec<i64>);

    /// Returns the namespaces that the keys in a claim name. `None` if one of them names none: such an
    /// object may belong to any.
    ///
    /// The claim may be forged, so an entry that is not known to be harmless counts as a key.
    fn key_namespaces(&self, _claim: &Claim) -> Option<Vec<String>> {
        None
    }

    /// Returns the error code under which the users of the workflow engine know this failure.
    fn error_code(&self, _failure: ReferenceFailure) -> Option<&'static str> {
        None
    }
}

/// Claim of a payload about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayloadKind {
    /// A payload like any other.
    Plain,
    /// A reference in the clear.
    Reference,
    /// A reference that stages have encoded.
    EncodedReference,
}

/// Contents of a reference. They may be forged.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reference {
    /// Name of the driver that stored the object.
    pub driver: String,
    /// Claim of the driver.
    pub claim: Claim,
    /// Size of the object, if the reference has one. It may be wrong, even negative.
    pub size: Option<i64>,
}

/// Stored object that a reference is written for.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct StoredObject<'a> {
    /// Name of the driver that stored it.
    pub driver: &'a str,
    /// Claim of the driver.
    pub claim: &'a Claim,
    /// Size in bytes.
    pub size: usize,
    /// SHA-256 of its bytes.
    pub sha256: &'a [u8; 32],
}

/// Failure to follow a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReferenceFailure {
    /// There is no external storage, or no driver of that name.
    NoDriver,
    /// The stages cannot decode an encoded reference.
    Undecodable,
}

impl Reference {
    /// Returns a reference to an object of this driver.
    #[must_use]
    pub fn new(driver: String, claim: Claim, size: Option<i64>) -> Self {
        Self { driver, claim, size }
    }
}

impl<'a> StoredObject<'a> {
    /// Returns a stored object of this driver.
    #[must_use]
    pub fn new(driver: &'a str, claim: &'a Claim, size: usize, sha256: &'a [u8; 32]) -> Self {
        Self { driver, claim, size, sha256 }
    }
}

/// Starts the text of an error with the code that users of the workflow engine search for.
pub(crate) fn with_code(
    format: &dyn ReferenceFormat,
    failure: ReferenceFailure,
    text: &str,
) -> String {
    match format.error_code(failure) {
        Some(code) => format!("[{code}] {text}"),
        None => text.to_owned(),
    }
}
