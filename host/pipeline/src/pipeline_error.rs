//! Error of parts that make no pipeline.

use cloakroom_core::{ByteSize, Error, ErrorKind};

/// Reason why parts make no pipeline.
///
/// The texts name the methods of the builders. A program that builds a pipeline from a configuration
/// has texts of its own, by the variant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PipelineError {
    /// Compression after encryption.
    #[error(
        "stage `{compression}` compresses what stage `{encryption}` has encrypted, \
         and sealed bytes do not get smaller: put `{compression}` first"
    )]
    CompressesSealed {
        /// Stage that encrypts.
        encryption: String,
        /// Stage that compresses.
        compression: String,
    },
    /// Folder for cached objects that cannot be used.
    #[error("{0}")]
    Cache(String),
    /// Driver without a name, or with the name of another.
    #[error("a driver is called `{0}`: each needs a name of its own")]
    DriverName(String),
    /// Storage without a driver.
    #[error(
        "the storage has no driver, so nothing could be stored or read: add one with \
         `Offload::with_driver`, or `Offload::with_read_driver` if it only reads"
    )]
    NoDriver,
    /// Storage without a format of references.
    #[error(
        "the storage has no format for references: name one with \
         `PipelineBuilder::with_reference_format`, such as `TemporalReferences`"
    )]
    NoReferenceFormat,
    /// Required stage that does not encrypt.
    #[error(
        "stage `{0}` is required and does not encrypt: `Stage::required` is for stages that do"
    )]
    RequiredUnsealed(String),
    /// Required stage of a plugin without a key: it would encrypt with nothing, or with what anybody has.
    #[error(
        "stage `{0}` is required, and its plugin has no key to seal with: it must import `keys` or \
         `subkeys`, and be granted a key ring"
    )]
    RequiredKeyless(String),
    /// Threshold above the largest object: nothing that is stored could be read back.
    #[error(
        "payloads are stored from {threshold} on (`Offload::new`), and objects above {largest} are \
         not read back: raise `Offload::with_max_object_size`, or lower the threshold"
    )]
    NeverRead {
        /// Size from which payloads are stored.
        threshold: ByteSize,
        /// Size of the largest object that is read back.
        largest: ByteSize,
    },
    /// Storage of encrypted objects after stages of which none is required.
    #[error(
        "what is stored must be sealed (`Offload::with_required_encryption`), and no stage is required \
         to: mark the one that encrypts with `Stage::required`"
    )]
    StoresUnsealed,
    /// Rule for a driver that does not exist.
    #[error("there is no driver `{0}` to store with")]
    UnknownDriver(String),
}

/// A pipeline that cannot be built is an error of its parts: `Config`.
impl From<PipelineError> for Error {
    fn from(error: PipelineError) -> Self {
        Self::new(ErrorKind::Config, error.to_string())
    }
}
