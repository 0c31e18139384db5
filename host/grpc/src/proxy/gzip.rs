//! Decompression of messages.

use std::io::Read as _;

use bytes::Bytes;
use cloakroom_core::{ByteSize, CallMemory, Charge};
use flate2::read::MultiGzDecoder;

use crate::status::{Code, Status};

/// First capacity for a message of unknown length, and the least by which the capacity grows.
const MIN_GROWTH: usize = 8 << 10;

/// Compressed size in bytes below which a message is decompressed on the async thread.
const MAX_INLINE: usize = 16 << 10;

/// Decompresses a message of at most `max` bytes, on a blocking thread if it is large.
///
/// # Errors
/// The status that refuses the call.
pub(super) async fn decompress(
    compressed: Bytes,
    max: ByteSize,
    memory: CallMemory,
) -> Result<(Bytes, Charge), Status> {
    if compressed.len() < MAX_INLINE {
        return inflate(&compressed, max, &memory);
    }
    let work = tokio::task::spawn_blocking(move || inflate(&compressed, max, &memory));
    let lost = |_| Err(Status::new(Code::Internal, "the thread that decompresses panicked"));
    work.await.unwrap_or_else(lost)
}

/// The length of the result is not known before, and a few bytes may become gigabytes. So the buffer
/// grows with what arrives, and each growth is counted first.
fn inflate(
    compressed: &[u8],
    max: ByteSize,
    memory: &CallMemory,
) -> Result<(Bytes, Charge), Status> {
    let mut reader = MultiGzDecoder::new(compressed);
    let capacity = (compressed.len() * 4).clamp(MIN_GROWTH, max.as_usize().max(MIN_GROWTH));
    let mut charge = memory.charge(capacity).map_err(|error| Status::from_error(&error))?;
    let mut message = vec![0; capacity];
    let mut filled = 0;
    loop {
        let Some(free) = message.get_mut(filled..).filter(|free| !free.is_empty()) else {
            if filled > max.as_usize() {
                let text = format!("the decompressed message has more than {max}");
                return Err(Status::too_large(&text));
            }
            let capacity = (2 * filled).min(max.as_usize() + 1);
            // Old and new buffer exist side by side during the copy, so both are charged.
            let larger = memory.charge(capacity).map_err(|error| Status::from_error(&error))?;
            message.resize(capacity, 0);
            charge = larger;
            continue;
        };
        match reader.read(free) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(_) => {
                return Err(Status::new(Code::InvalidArgument, "the message is not valid gzip"));
            }
        }
    }
    if filled > max.as_usize() {
        return Err(Status::too_large(&format!("the decompressed message has more than {max}")));
    }
    message.truncate(filled);
    Ok((message.into(), charge))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use cloakroom_core::MemoryBudget;
    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn compress(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn memory() -> CallMemory {
        MemoryBudget::new(ByteSize::mib(8), ByteSize::mib(8)).call()
    }

    #[test]
    fn comes_back() {
        for size in [0, 1, MIN_GROWTH, MIN_GROWTH + 1, 1 << 20] {
            let message = vec![7; size];
            let max = ByteSize::mib(1);
            let (inflated, charge) = inflate(&compress(&message), max, &memory()).unwrap();
            assert_eq!(inflated, message);
            assert!(charge.bytes() >= size);
        }
    }

    #[test]
    fn a_bomb_is_refused_at_the_limit() {
        let bomb = compress(&vec![0; 64 << 20]);
        let refused = inflate(&bomb, ByteSize::mib(1), &memory()).unwrap_err();
        assert_eq!(refused.code, Code::ResourceExhausted);
        // And before that, if there is no memory.
        let refused = inflate(&bomb, ByteSize::mib(64), &memory()).unwrap_err();
        assert!(refused.message.contains("8MiB"), "{}", refused.message);
        let refused = inflate(b"no gzip", ByteSize::mib(1), &memory()).unwrap_err();
        assert_eq!(refused.code, Code::InvalidArgument);
    }
}
