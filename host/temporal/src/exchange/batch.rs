//! Payloads of a message that are decoded together, equal references once.

use std::collections::HashMap;

use bytes::{Bytes, BytesMut};
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
    pub(super) fn fill(&self, decoded: &[Payload]) -> Vec<Option<Bytes>> {
        let written = write_all(decoded);
        self.0.iter().map(|place| written.get((*place)?).cloned().flatten()).collect()
    }
}

/// Writes payloads as messages, each in the place of the one before.
pub(super) fn write_all(payloads: &[Payload]) -> Vec<Option<Bytes>> {
    payloads.iter().map(|payload| Some(write(payload))).collect()
}

/// Writes a payload as a message.
pub(super) fn write(payload: &Payload) -> Bytes {
    let envelope = payload.envelope();
    let mut bytes = BytesMut::with_capacity(envelope.len());
    for part in [&envelope.head, &envelope.body, &envelope.tail] {
        bytes.extend_from_slice(part);
    }
    bytes.freeze()
}
