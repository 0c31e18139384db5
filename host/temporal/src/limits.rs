//! What Temporal takes, and what is said of a payload that is more.

use cloakroom_core::{ByteSize, Context, Error, ErrorKind, Limit, Payload};
use cloakroom_pipeline::{Budget, Explanation, Pipeline};

/// What Temporal takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizeLimits {
    /// One field: the arguments of a call together, or a result. What is equal passes.
    pub field: Budget,
    /// One gRPC message.
    pub message: Budget,
}

/// Something that knows what Temporal takes, which may be something else later: ask again for each
/// field.
pub trait SizeLimitSource: Send + Sync + 'static {
    /// What it takes now.
    fn size_limits(&self) -> SizeLimits;
}

impl<T: SizeLimitSource + ?Sized> SizeLimitSource for Box<T> {
    fn size_limits(&self) -> SizeLimits {
        (**self).size_limits()
    }
}

/// Those that stay.
impl SizeLimitSource for SizeLimits {
    fn size_limits(&self) -> SizeLimits {
        *self
    }
}

impl SizeLimits {
    /// Nothing is checked: for a namespace without limits.
    pub const NONE: Self = Self { field: Budget::NONE, message: Budget::NONE };

    /// The same with these, where they are given. Zero is no limit.
    pub fn of(mut self, field: Option<ByteSize>, message: Option<ByteSize>) -> Self {
        let max = |size: ByteSize| i64::try_from(size.get()).unwrap_or(i64::MAX);
        self.field.max = field.map_or(self.field.max, max);
        self.message.max = message.map_or(self.message.max, max);
        self
    }

    /// What one field may have: it is part of a message, however large the namespace lets it be.
    pub fn budget(&self) -> Budget {
        self.field.tighter(self.message)
    }
}

/// What a server has that nobody configured: 2 MiB a field, 4 MiB a message.
impl Default for SizeLimits {
    fn default() -> Self {
        Self {
            field: Budget { max: 2 << 20, percent: 100 },
            message: Budget { max: 4 << 20, percent: 95 },
        }
    }
}

/// What the server weighs: the message `Payloads` of all of them.
pub(crate) fn weight(payloads: &[Payload]) -> u64 {
    let one = |payload: &Payload| {
        let length = payload.encoded_len() as u64;
        // A tag of one byte, and the length as a varint.
        let varint = u64::from((64 - (length | 1).leading_zeros()).div_ceil(7));
        1 + varint + length
    };
    payloads.iter().map(one).sum()
}

/// Why a field is refused: what its largest payload became at each stage, the limit, and the remedy.
pub(crate) async fn refusal(
    pipeline: &Pipeline,
    ctx: &Context,
    payloads: Vec<Payload>,
    weight: u64,
    most: u64,
) -> Error {
    let count = payloads.len();
    let largest = payloads.into_iter().enumerate().max_by_key(|(_, one)| one.encoded_len());
    let Some((slot, largest)) = largest else {
        return Error::new(ErrorKind::Internal, "nothing is too large");
    };
    let told = match count {
        1 => "the payload has".to_owned(),
        _ => format!("{count} payloads have together"),
    };
    let size = largest.encoded_len();
    let explained = pipeline.explain(ctx, largest).await;
    let text = format!(
        "{told} {weight} bytes, and Temporal takes {most}: payload {slot} {}; {}",
        way(&explained),
        remedy(pipeline, size, &explained),
    );
    Error::new(ErrorKind::LimitExceeded(Limit::Message), text)
}

/// The sizes on the way out, from the application's payload to what would lie in the history.
fn way(explained: &Explanation) -> String {
    let mut text = String::new();
    // Each layer names who gave it back, and so who had made the one before of it.
    let mut by: Option<&str> = None;
    for layer in explained.layers.iter().rev() {
        match by {
            None => text = format!("had {} bytes", layer.bytes),
            Some(by) => text.push_str(&format!(", {} after {by}", layer.bytes)),
        }
        by = layer.by.as_deref();
    }
    text
}

fn remedy(pipeline: &Pipeline, size: usize, explained: &Explanation) -> String {
    match (pipeline.threshold(), &explained.stored) {
        (_, Some(stored)) => {
            format!("it is stored by `{}` already: pass fewer arguments at once", stored.driver)
        }
        (None, _) => "it is not stored elsewhere: add [storage] to the configuration".to_owned(),
        (Some(threshold), _) if size < threshold.as_usize() => format!(
            "it is not stored elsewhere, which begins at {threshold}: lower `storage.threshold`"
        ),
        (Some(_), _) => "it is not stored elsewhere: a rule of [storage] keeps it, or no driver \
                         is written to"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_weighs_what_its_message_has() {
        for size in [0, 1, 60, 100, 127, 128, 16_200, 16_383, 16_384, 2_097_100] {
            let payload = Payload::new("binary/plain", vec![0; size]);
            let length = payload.encoded_len();
            let varint = [1, 2, 3, 4, 5].into_iter().find(|n| length < 1 << (7 * n)).unwrap();
            assert_eq!(weight(&[payload]), (1 + varint + length) as u64, "{size}");
        }
        assert_eq!(weight(&[]), 0);
        // A Python worker passed 2,097,152 bytes of a message that holds 34 fewer.
        let largest = Payload::new("binary/plain", vec![0; 2_097_152 - 34]);
        assert_eq!(weight(&[largest]), 2_097_152);
    }
}
