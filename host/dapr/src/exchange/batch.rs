//! Texts of a message that are decoded together, equal ones once.

use std::collections::HashMap;

use bytes::Bytes;
use cloakroom_core::{Error, Payload};
use cloakroom_pipeline::{Pipeline, Stage};
use cloakroom_wire::Scan;

use super::place::{Place, check_text, place};
use crate::text;

/// Payloads that are decoded together.
pub(super) struct Batch {
    pub(super) payloads: Vec<Payload>,
    /// Fate of the text at each site.
    fates: Vec<Fate>,
}

/// Fate of a text.
enum Fate {
    /// It stays as it is.
    Stays,
    /// It is decoded, with this index in the batch.
    Decoded(usize),
    /// It was only escaped, and becomes this text. No stage is asked about it.
    Unescaped(Bytes),
}

impl Batch {
    /// Collects the texts in the form. Texts in the clear are asked about only where a stage is required:
    /// a history may have thousands of them.
    ///
    /// # Errors
    /// `Malformed` if a text in the form cannot be read.
    pub(super) fn new(pipeline: &Pipeline, found: &Scan) -> Result<Self, Error> {
        let checks_plain = pipeline.stages().iter().any(Stage::is_required_to_encode);
        let (mut known, mut payloads) = (HashMap::new(), Vec::new());
        let mut fates = Vec::with_capacity(found.sites().len());
        for site in 0..found.sites().len() {
            let (text, place) = (found.payload(site), place(found, site));
            if text.is_empty() || place == Place::Other {
                fates.push(Fate::Stays);
                continue;
            }
            let payload = match read(found, site, &text)? {
                // Where failures are not encoded, no stage has to agree that one is in the clear.
                Some(payload) if place == Place::Failure && text::is_plain(&payload) => {
                    fates.push(Fate::Unescaped(payload.data));
                    continue;
                }
                None if checks_plain && place == Place::Payload => text::plain(text.clone()),
                None => {
                    fates.push(Fate::Stays);
                    continue;
                }
                Some(payload) => payload,
            };
            fates.push(Fate::Decoded(*known.entry(text).or_insert_with(|| {
                payloads.push(payload);
                payloads.len() - 1
            })));
        }
        Ok(Self { payloads, fates })
    }

    /// Returns the number of texts that change.
    pub(super) fn count(&self) -> usize {
        self.fates.iter().filter(|fate| !matches!(fate, Fate::Stays)).count()
    }

    /// Returns the first site of a payload, by its place among the payloads.
    pub(super) fn site(&self, slot: usize) -> Option<usize> {
        let is_here = |fate: &Fate| matches!(fate, Fate::Decoded(index) if *index == slot);
        self.fates.iter().position(is_here)
    }

    /// Returns the size of the objects that references declare, each as often as it occurs.
    pub(super) fn declared(&self) -> u64 {
        let payloads = self.fates.iter().filter_map(|fate| match fate {
            Fate::Decoded(index) => self.payloads.get(*index),
            Fate::Stays | Fate::Unescaped(_) => None,
        });
        let sizes = payloads.flat_map(|payload| &payload.external_sizes);
        sizes.fold(0_u64, |sum, size| sum.saturating_add(size.unsigned_abs()))
    }

    /// Returns the new text of each site that changes.
    pub(super) fn texts(
        &self,
        found: &Scan,
        decoded: &[Payload],
    ) -> Result<Vec<Option<Bytes>>, Error> {
        let mut texts = Vec::with_capacity(self.fates.len());
        for (site, fate) in self.fates.iter().enumerate() {
            let text = match fate {
                Fate::Stays => None,
                Fate::Unescaped(text) => Some(text.clone()),
                Fate::Decoded(index) => {
                    let decoded = self.payloads.get(*index).zip(decoded.get(*index));
                    decoded.and_then(|(before, after)| changed(&found.payload(site), before, after))
                }
            };
            if let Some(text) = &text {
                check_text(found, site, text)?;
            }
            texts.push(text);
        }
        Ok(texts)
    }
}

/// Reads the payload in a text, if it has the form.
fn read(found: &Scan, site: usize, text: &[u8]) -> Result<Option<Payload>, Error> {
    text::read(text).map_err(|error| {
        let text = format!("the payload at {}: {error}", found.path(site));
        Error::new(error.kind(), text)
    })
}

/// Returns the text of a decoded payload, if it is another one than before.
fn changed(text: &Bytes, before: &Payload, after: &Payload) -> Option<Bytes> {
    if text::is_plain(after) {
        return (after.data != text).then(|| after.data.clone());
    }
    // No stage owns it: it is a text that only looks like the form, and stays as it is.
    (before != after).then(|| text::write(after))
}
