//! Sizes that Temporal accepts.

use cloakroom_core::{ByteSize, Payload};
use cloakroom_pipeline::Budget;

/// Sizes that Temporal accepts. A size equal to its limit passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizeLimits {
    /// One field: all arguments of a call, or a result.
    pub field: Budget,
    /// All entries of a memo. Only the gateway sees them together.
    pub memo: Budget,
    /// One gRPC message.
    pub message: Budget,
}

/// Source of the size limits, asked again for each field, so that they can change at run time.
pub trait SizeLimitSource: Send + Sync + 'static {
    /// Returns the current limits.
    fn size_limits(&self) -> SizeLimits;
}

impl<T: SizeLimitSource + ?Sized> SizeLimitSource for Box<T> {
    fn size_limits(&self) -> SizeLimits {
        (**self).size_limits()
    }
}

/// Limits that never change.
impl SizeLimitSource for SizeLimits {
    fn size_limits(&self) -> SizeLimits {
        *self
    }
}

impl SizeLimits {
    /// No limits, for a namespace that has none.
    pub const NONE: Self = Self { field: Budget::NONE, memo: Budget::NONE, message: Budget::NONE };

    /// Replaces the limits that are given. Zero means no limit.
    #[must_use]
    pub fn with_max(mut self, field: Option<ByteSize>, message: Option<ByteSize>) -> Self {
        let max = |size: ByteSize| i64::try_from(size.get()).unwrap_or(i64::MAX);
        self.field.max = field.map_or(self.field.max, max);
        self.message.max = message.map_or(self.message.max, max);
        self
    }

    /// Replaces the limit of a memo, if one is given. Zero means no limit.
    #[must_use]
    pub fn with_max_memo(mut self, memo: Option<ByteSize>) -> Self {
        let max = |size: ByteSize| i64::try_from(size.get()).unwrap_or(i64::MAX);
        self.memo.max = memo.map_or(self.memo.max, max);
        self
    }

    /// Returns the budget of one field: the tighter of both, because a field is part of a message.
    #[must_use]
    pub fn budget(&self) -> Budget {
        self.field.tighter(self.message)
    }
}

/// The limits of a server with its default configuration: 2 MiB per field and memo, 4 MiB per message.
impl Default for SizeLimits {
    fn default() -> Self {
        Self {
            field: Budget { max: 2 << 20, percent: 100 },
            memo: Budget { max: 2 << 20, percent: 100 },
            // 95 %, because the other fields of a request are added after this one was weighed.
            message: Budget { max: 4 << 20, percent: 95 },
        }
    }
}

/// Returns the size of a field as the server measures it: its encoded `Payloads` message.
///
/// The framing counts. A payload that fits alone may not fit beside others.
pub(crate) fn field_size(payloads: &[Payload]) -> u64 {
    let framed = |payload: &Payload| {
        let length = payload.encoded_len() as u64;
        // A tag of one byte, and the length as a varint.
        let varint = u64::from((64 - (length | 1).leading_zeros()).div_ceil(7));
        1 + varint + length
    };
    payloads.iter().map(framed).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_the_encoded_message() {
        for size in [0, 1, 60, 100, 127, 128, 16_200, 16_383, 16_384, 2_097_100] {
            let payload = Payload::new("binary/plain", vec![0; size]);
            let length = payload.encoded_len();
            let varint = [1, 2, 3, 4, 5].into_iter().find(|n| length < 1 << (7 * n)).unwrap();
            assert_eq!(field_size(&[payload]), (1 + varint + length) as u64, "{size}");
        }
        assert_eq!(field_size(&[]), 0);
        // A worker on the Python SDK passed 2,097,152 bytes: 34 of them are framing and metadata.
        let largest = Payload::new("binary/plain", vec![0; 2_097_152 - 34]);
        assert_eq!(field_size(&[largest]), 2_097_152);
    }
}
