//! The cipher of the faulty codec: sealed by the host, and with faults around that.

use cloakroom_guest::{Buffer, Error, Payload, Writer, keys};

use crate::{ENCODING, marked, own_cipher};

const RING: &str = "x";

/// Bytes that sealing adds.
const OVERHEAD: u64 = 24 + 32 + 16;

pub(crate) fn seal(fault: &str, payload: &Payload) -> Result<Payload, Error> {
    let envelope = payload.envelope();
    let sealed = match fault {
        "fresh" => keys::seal_repeatably(RING, &envelope, &[])?,
        "swapped" => return seal_halves(&envelope),
        "wrong-key" => return Ok(marked(ENCODING, &[], &own_cipher::seal(&envelope))),
        _ => keys::seal(RING, &envelope, &[])?,
    };
    let mut entries = vec![("key", sealed.key.into_bytes())];
    let mut data = sealed.data;
    match fault {
        "plaintext" => entries.push(("hint", payload.data().read(0, 16))),
        // A byte that nothing vouches for.
        "flipped" => data = joined(&[&data, &Buffer::new(b"\n")]),
        _ => {}
    }
    Ok(marked(ENCODING, &entries, &data))
}

pub(crate) fn open(fault: &str, payload: &Payload) -> Result<Payload, Error> {
    let data = payload.data();
    if fault == "wrong-key" {
        return Payload::from_envelope(&own_cipher::open(&data)?);
    }
    let key = match payload.get("key") {
        Some(key) => key,
        None if fault == "garbage" && data.length() > 60_000 => panic!("there is always a key"),
        None => return Err(Error::malformed("`key` is missing")),
    };
    let key = String::from_utf8(key).map_err(|_| Error::malformed("`key` is not text"))?;
    let length = data.length();
    let envelope = match fault {
        "truncated" if length < 40 => panic!("there is always a salt"),
        "flipped" => keys::open(RING, &key, &data.slice(0, length.saturating_sub(1)), &[])?,
        "swapped" => open_halves(&key, &data)?,
        _ => keys::open(RING, &key, &data, &[])?,
    };
    Payload::from_envelope(&envelope)
}

/// Seals both halves, each bound to the length of the whole and to nothing of the other.
fn seal_halves(envelope: &Buffer) -> Result<Payload, Error> {
    let length = envelope.length();
    let middle = length / 2;
    let first = keys::seal(RING, &envelope.slice(0, middle), &length.to_be_bytes())?;
    let second = keys::seal(RING, &envelope.slice(middle, length), &length.to_be_bytes())?;
    let data = joined(&[&first.data, &second.data]);
    Ok(marked(ENCODING, &[("key", first.key.into_bytes())], &data))
}

fn open_halves(key: &str, data: &Buffer) -> Result<Buffer, Error> {
    let length = data.length().checked_sub(2 * OVERHEAD);
    let length = length.ok_or_else(|| Error::malformed("too short"))?;
    let (end, bound) = (length / 2 + OVERHEAD, length.to_be_bytes());
    let first = keys::open(RING, key, &data.slice(0, end), &bound)?;
    let second = keys::open(RING, key, &data.slice(end, data.length()), &bound)?;
    Ok(joined(&[&first, &second]))
}

fn joined(parts: &[&Buffer]) -> Buffer {
    let writer = Writer::new();
    parts.iter().for_each(|part| writer.append(part));
    Writer::finish(writer)
}
