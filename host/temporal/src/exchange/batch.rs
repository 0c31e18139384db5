//! Payloads of a message that are decoded together, equal references once.

use std::collections::HashMap;

use bytes::Bytes;
use cloakroom_core::{Error, ErrorKind, Limit, Payload, Thousands};
use cloakroom_wire::Scan;

use super::replay::Reads;

/// Encoding of references.
const REFERENCE: &str = "json/protobuf";

/// Payloads of a message that are decoded together.
pub(super) struct Batch {
    pub(super) payloads: Vec<Payload>,
    pub(super) places: Places,
}

/// Index in the batch of each site, or `None` where a payload stays as it is.
pub(super) struct Places(Vec<Option<usize>>);

impl Batch {
    /// Collects the payloads that are read.
    ///
    /// Only references are compared: they are small, and what an equal one costs is the decoding of a
    /// large object. Hashing every payload would cost more than it saves.
    ///
    /// # Errors
    /// `Malformed` if one is no payload.
    pub(super) fn new(found: &Scan, reads: Reads) -> Result<Self, Error> {
        let sites = reads.sites(found);
        let mut places = vec![None; found.sites().len()];
        let (mut payloads, mut references) = (Vec::with_capacity(sites.len()), HashMap::new());
        for site in sites {
            let bytes = found.payload(site);
            let payload = Payload::from_envelope(bytes.clone())?;
            let next = payloads.len();
            let index = if payload.encoding() == Some(REFERENCE) {
                *references.entry(bytes).or_insert(next)
            } else {
                next
            };
            if index == next {
                payloads.push(payload);
            }
            if let Some(place) = places.get_mut(site) {
                *place = Some(index);
            }
        }
        Ok(Self { payloads, places: Places(places) })
    }

    /// Checks the sizes of the objects that the references declare, before one is fetched.
    ///
    /// # Errors
    /// `LimitExceeded(Output)` if they are more than `most` bytes.
    pub(super) fn check_declared(&self, most: usize) -> Result<(), Error> {
        let sizes = self.payloads.iter().flat_map(|payload| &payload.external_sizes);
        let sum = sizes.fold(0, |sum: u64, size| sum.saturating_add(size.unsigned_abs()));
        if sum <= most as u64 {
            return Ok(());
        }
        let text = format!(
            "the references of the message declare {} bytes, and no more than {} are read at once",
            Thousands(sum),
            Thousands(most as u64)
        );
        Err(Error::new(ErrorKind::LimitExceeded(Limit::Output), text))
    }
}

impl Places {
    /// Returns the number of payloads that are decoded.
    pub(super) fn count(&self) -> usize {
        self.0.iter().flatten().count()
    }

    /// Returns the payload that takes the place of each site.
    pub(super) fn fill(&self, found: &Scan, decoded: &[Payload]) -> Vec<Option<Bytes>> {
        let mut written = vec![None; decoded.len()];
        let sites = self.0.iter().enumerate();
        let fill = |(site, place): (usize, &Option<usize>)| {
            let payload = decoded.get((*place)?)?;
            let bytes: &mut Option<Bytes> = written.get_mut((*place)?)?;
            Some(bytes.get_or_insert_with(|| write_over(&found.payload(site), payload)).clone())
        };
        sites.map(fill).collect()
    }
}

/// Writes payloads as messages, each in the place of the one before.
pub(super) fn write_all(found: &Scan, payloads: &[Payload]) -> Vec<Option<Bytes>> {
    let payloads = payloads.iter().enumerate();
    payloads.map(|(site, payload)| Some(write_over(&found.payload(site), payload))).collect()
}

/// Writes a payload as a message. If that is `before`, it is not copied: in a page of 3 MB that nothing
/// changes, the copy took longer than all else.
fn write_over(before: &Bytes, payload: &Payload) -> Bytes {
    let envelope = payload.envelope();
    let (head, body) = (envelope.head.len(), envelope.body.len());
    let is_same = before.len() == envelope.len()
        && before.get(..head) == Some(&*envelope.head)
        // The same memory, so that the bytes need not be compared.
        && before.get(head..).map(<[u8]>::as_ptr) == Some(envelope.body.as_ptr())
        && before.get(head + body..) == Some(&*envelope.tail);
    if is_same { before.clone() } else { envelope.to_bytes() }
}

/// Writes a payload as a message.
pub(super) fn write(payload: &Payload) -> Bytes {
    payload.envelope().to_bytes()
}
