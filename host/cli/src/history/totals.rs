//! Totals of an explained history.

use std::collections::HashSet;

use cloakroom::{
    inspect::{Explanation, Stored},
    plugin::Digest,
};

use crate::history::story::{Finding, State, Story};

/// Totals of an explained history. Sizes are those of the payloads' messages.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Totals {
    pub(crate) payloads: usize,
    /// Bytes in the history.
    pub(crate) with: usize,
    /// Bytes that the history would have without Cloakroom.
    pub(crate) without: usize,
    /// True if `without` is a lower bound, because some payloads were not opened.
    pub(crate) at_least: bool,
    /// References to objects. Each stands for one put and one get.
    pub(crate) references: usize,
    pub(crate) objects: usize,
    pub(crate) object_bytes: usize,
    /// True if `object_bytes` is a lower bound, because some references have no size.
    pub(crate) objects_at_least: bool,
    /// References to an object of an earlier reference.
    pub(crate) shared: usize,
    /// Payloads whose content is in the history already, and their bytes.
    pub(crate) repeated: usize,
    pub(crate) repeated_bytes: usize,
    /// Objects with the same content as another object of this run, and their bytes.
    pub(crate) stored_again: usize,
    pub(crate) stored_again_bytes: usize,
    pub(crate) missing: usize,
    pub(crate) unreadable: usize,
    pub(crate) not_asked: usize,
    /// Payloads that a stage or driver of this configuration wrote.
    pub(crate) ours: usize,
    /// Search attributes, which no codec changes.
    pub(crate) search_attributes: usize,
}

/// Identity of an object: the driver, and the claim without the host's entries.
type ObjectId = Vec<(String, String)>;

/// Contents seen so far.
#[derive(Default)]
struct Seen {
    objects: HashSet<ObjectId>,
    in_history: HashSet<Digest>,
    in_store: HashSet<Digest>,
}

impl Totals {
    /// Computes the totals.
    pub(crate) fn new(story: &Story) -> Self {
        let mut totals = Self::default();
        let mut seen = Seen::default();
        for line in &story.lines {
            totals.add(&line.finding, &mut seen);
        }
        totals
    }

    fn add(&mut self, finding: &Finding, seen: &mut Seen) {
        self.payloads += 1;
        self.with += finding.bytes;
        match finding.state() {
            State::Open => {}
            State::NotAsked => self.not_asked += 1,
            State::Missing => self.missing += 1,
            State::Unreadable => self.unreadable += 1,
        }
        let Some(explanation) = &finding.explanation else {
            self.without += finding.bytes;
            self.search_attributes += 1;
            return;
        };
        if explanation.stored.is_some() || explanation.layers.len() > 1 {
            self.ours += 1;
        }
        let object = explanation.stored.as_ref().map(|stored| size(explanation, stored));
        self.at_least |= finding.decoded.is_none();
        self.without += finding.decoded.or(object.flatten()).unwrap_or(finding.bytes);
        match &explanation.stored {
            Some(stored) => self.add_object(finding, stored, object.flatten(), seen),
            None if seen.in_history.insert(finding.content) => {}
            None => {
                self.repeated += 1;
                self.repeated_bytes += finding.bytes;
            }
        }
    }

    fn add_object(
        &mut self,
        finding: &Finding,
        stored: &Stored,
        size: Option<usize>,
        seen: &mut Seen,
    ) {
        self.references += 1;
        if !seen.objects.insert(object_id(stored)) {
            self.shared += 1;
            return;
        }
        self.objects += 1;
        self.object_bytes += size.unwrap_or_default();
        self.objects_at_least |= size.is_none();
        // Without decoding, the contents cannot be compared.
        if finding.decoded.is_some() && !seen.in_store.insert(finding.content) {
            self.stored_again += 1;
            self.stored_again_bytes += size.unwrap_or_default();
        }
    }
}

/// Returns the size of an object: as read, or else as the reference says.
fn size(explanation: &Explanation, stored: &Stored) -> Option<usize> {
    let by = format!("storage {}", stored.driver);
    let found = explanation.layers.iter().find(|layer| layer.by.as_ref() == Some(&by));
    found.map(|layer| layer.bytes).or_else(|| usize::try_from(stored.told?).ok())
}

fn object_id(stored: &Stored) -> ObjectId {
    // Proofs of one object differ by key and by namespace.
    let theirs = stored.claim.iter().filter(|(name, _)| !name.starts_with("cloakroom_"));
    let theirs = theirs.map(|(name, value)| (name.clone(), value.clone()));
    std::iter::once((String::new(), stored.driver.clone())).chain(theirs).collect()
}
