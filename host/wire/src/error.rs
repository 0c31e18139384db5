//! Errors of scanning and splicing. They name a message and an offset, and hold no payload bytes.

use std::{error, fmt};

/// The reason why a message could not be scanned or written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WireError {
    message: &'static str,
    offset: usize,
    kind: WireErrorKind,
}

/// The kinds of [`WireError`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum WireErrorKind {
    /// Replacements are not as many as the payloads that were found.
    Count {
        /// Number of payloads.
        payloads: usize,
        /// Number of replacements.
        replacements: usize,
    },
    /// A replacement for a payload in JSON is malformed, or has fields that JSON cannot express.
    Json,
    /// Edits overlap, or one lies outside of its span.
    Edit,
    /// The number of a field is 0 or over 536,870,911.
    FieldNumber,
    /// A group is not closed, or closed with another number.
    Group,
    /// A field is longer than what is left of its message.
    Length {
        /// The length that the field states.
        length: u64,
        /// Number of bytes that are left.
        left: usize,
    },
    /// Messages are nested deeper than [`ScanLimits::depth`](crate::ScanLimits::depth).
    Nesting(usize),
    /// The message has more payloads than [`ScanLimits::payloads`](crate::ScanLimits::payloads).
    Payloads(usize),
    /// The message is, or would get, too large for a gRPC frame.
    Size(usize),
    /// A field that holds one message occurs twice. Protobuf merges the two, so that what each of
    /// them says alone is not what the server reads.
    Twice(u32),
    /// A varint ends early or has more than 64 bits.
    Varint,
    /// A wire type that protobuf does not have.
    WireType(u8),
}

impl WireError {
    pub(crate) fn new(message: &'static str, offset: usize, kind: WireErrorKind) -> Self {
        Self { message, offset, kind }
    }

    /// Returns the full name of the message type that was read.
    #[must_use]
    pub fn message(&self) -> &'static str {
        self.message
    }

    /// Returns the offset in the outermost message.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Returns the kind.
    #[must_use]
    pub fn kind(&self) -> WireErrorKind {
        self.kind
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}: {}", self.message, self.offset, self.kind)
    }
}

impl fmt::Display for WireErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count { payloads, replacements } => {
                write!(f, "{replacements} replacements for {payloads} payloads")
            }
            Self::Edit => write!(f, "edits overlap or leave their message"),
            Self::Json => write!(f, "a payload cannot be written as JSON"),
            Self::FieldNumber => write!(f, "a field number is not between 1 and 536870911"),
            Self::Group => write!(f, "a group is not closed by its own number"),
            Self::Length { length, left } => {
                write!(f, "a field states {length} bytes, and {left} are left")
            }
            Self::Nesting(limit) => write!(f, "messages are nested over {limit} deep"),
            Self::Payloads(limit) => write!(f, "the message has over {limit} payloads"),
            Self::Size(size) => write!(f, "{size} bytes do not fit a gRPC message"),
            Self::Twice(number) => write!(f, "field {number} occurs twice, but holds one message"),
            Self::Varint => write!(f, "a varint ends early or has over 64 bits"),
            Self::WireType(number) => write!(f, "wire type {number} does not exist"),
        }
    }
}

impl error::Error for WireError {}
