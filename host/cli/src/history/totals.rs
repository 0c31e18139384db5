//! The sums of a story.

use std::collections::HashSet;

use cloakroom::{
    inspect::{Explanation, Stored},
    plugin::Digest,
};

use crate::history::story::{Finding, State, Story};

/// The sums of a story, in payloads and in bytes of their messages.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Totals {
    pub(crate) payloads: usize,
    /// What they have in the history.
    pub(crate) with: usize,
    /// What they would have in it without Cloakroom.
    pub(crate) without: usize,
    /// Whether `without` is too low: some payloads were not opened.
    pub(crate) at_least: bool,
    /// Payloads that stand for an object. Each was stored by somebody, and is fetched by somebody.
    pub(crate) references: usize,
    pub(crate) objects: usize,
    pub(crate) object_bytes: usize,
    /// Whether `object_bytes` is too low: some references tell no size.
    pub(crate) objects_at_least: bool,
    /// References to an object that an earlier one refers to.
    pub(crate) shared: usize,
    /// Payloads in the history whose content is there already, and what they have in it.
    pub(crate) repeated: usize,
    pub(crate) repeated_bytes: usize,
    /// Objects whose content another object of this run has, and their bytes.
    pub(crate) stored_again: usize,
    pub(crate) stored_again_bytes: usize,
    pub(crate) missing: usize,
    pub(crate) unreadable: usize,
    pub(crate) not_asked: usize,
    /// Payloads that a stage or a driver of this configuration has made.
    pub(crate) ours: usize,
    /// Payloads that no codec ever touches.
    pub(crate) search_attributes: usize,
}

/// Identity of an object: the driver, and the claim without the host's entries.
type ObjectId = Vec<(String, String)>;

/// State of the run that is being read.
#[derive(Default)]
struct Seen {
    objects: HashSet<ObjectId>,
    in_history: HashSet<Digest>,
    in_store: HashSet<Digest>,
}

impl Totals {
    pub(crate) fn of(story: &Story) -> Self {
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
        // What was not opened may be anything.
        if finding.decoded.is_some() && !seen.in_store.insert(finding.content) {
            self.stored_again += 1;
            self.stored_again_bytes += size.unwrap_or_default();
        }
    }
}

/// The bytes of an object: as it was found, or else as the history tells.
fn size(explanation: &Explanation, stored: &Stored) -> Option<usize> {
    let by = format!("storage {}", stored.driver);
    let found = explanation.layers.iter().find(|layer| layer.by.as_ref() == Some(&by));
    found.map(|layer| layer.bytes).or_else(|| usize::try_from(stored.told?).ok())
}

fn object_id(stored: &Stored) -> ObjectId {
    let theirs = stored.claim.iter().filter(|(name, _)| !name.starts_with("cloakroom_"));
    let theirs = theirs.map(|(name, value)| (name.clone(), value.clone()));
    std::iter::once((String::new(), stored.driver.clone())).chain(theirs).collect()
}
