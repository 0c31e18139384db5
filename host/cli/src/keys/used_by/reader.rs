//! Reads the keys that a payload names, on the outside and within.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, PoisonError},
};

use cloakroom::{
    Context, Error, ErrorKind, Payload, Pipeline, Stage,
    codec::Purpose,
    inspect::{Explanation, Fetch, Report, Stored},
    plugin::Digest,
    temporal::TemporalReferences,
};
use tokio::sync::OnceCell;

use super::{
    known_keys::{KnownKeys, Role},
    uses::Uses,
};
use crate::history::story_text::chain;

/// Encodings of Temporal's own data converters. Nothing in them is encrypted.
const PLAIN: [&str; 5] =
    ["binary/null", "binary/plain", "binary/protobuf", "json/plain", "json/protobuf"];

/// Objects whose keys are remembered. Beyond it all are forgotten, and read again.
const OBJECTS: usize = 100_000;

/// Entry of a claim with the key of its proof.
const PROOF_KEY: &str = "cloakroom_key";

/// Keys of an object that was read.
type ObjectUses = Arc<OnceCell<Uses>>;

/// Reads the keys that payloads name. Cheap to clone.
#[derive(Clone)]
pub(super) struct KeyReader(Arc<Inner>);

struct Inner {
    pipeline: Pipeline,
    known: KnownKeys,
    plain: BTreeSet<String>,
    /// Names of the stages that encrypt, or are granted keys.
    ciphers: BTreeSet<String>,
    objects: Mutex<HashMap<Digest, ObjectUses>>,
}

impl KeyReader {
    pub(super) fn new(
        pipeline: Pipeline,
        report: &Report,
        known: &KnownKeys,
        plain: &[String],
    ) -> Self {
        let encrypts = |stage: &&Stage| stage.purpose() == Purpose::Encryption;
        let named = pipeline.stages().iter().filter(encrypts).map(|it| it.name().to_owned());
        let granted = report.ring_uses.iter().flat_map(|ring| ring.stages.iter().cloned());
        Self(Arc::new(Inner {
            ciphers: named.chain(granted).collect(),
            pipeline,
            known: known.clone(),
            plain: PLAIN.into_iter().map(str::to_owned).chain(plain.iter().cloned()).collect(),
            objects: Mutex::default(),
        }))
    }

    /// Returns whether a stage encrypts.
    pub(super) fn encrypts(&self) -> bool {
        !self.0.ciphers.is_empty()
    }

    /// Reads a payload, or the payloads in an envelope of the workflow engine.
    pub(super) async fn read(&self, ctx: &Context, payload: Payload) -> Uses {
        let mut uses = Uses::default();
        match self.0.pipeline.inner_payloads(ctx, payload).await {
            Ok(payloads) => {
                for payload in payloads {
                    uses.add(self.read_one(ctx, payload).await);
                }
            }
            Err(error) => uses.add_gap("envelopes", chain(&error)),
        }
        uses
    }

    async fn read_one(&self, ctx: &Context, payload: Payload) -> Uses {
        if !TemporalReferences::is_reference(&payload) {
            return self.explain(ctx, payload).await;
        }
        let pipeline = &self.0.pipeline;
        let (explanation, _) = pipeline.explain_opened(ctx, payload.clone(), Fetch::Nothing).await;
        let mut uses = self.keys(&explanation);
        match (&explanation.stored, &explanation.trouble) {
            (Some(stored), None) => {
                let object = self.object(object_id(stored));
                let read = object.get_or_try_init(|| async {
                    let read = self.explain(ctx, payload).await;
                    // Another reference may lead to it, or another try.
                    if read.gaps.is_empty() { Ok(read) } else { Err(read) }
                });
                uses.add(read.await.map_or_else(|read| read, Clone::clone));
            }
            _ => self.note_end(&explanation, None, &mut uses),
        }
        uses
    }

    fn object(&self, id: Digest) -> ObjectUses {
        let mut objects = self.0.objects.lock().unwrap_or_else(PoisonError::into_inner);
        if objects.len() >= OBJECTS && !objects.contains_key(&id) {
            objects.clear();
        }
        objects.entry(id).or_default().clone()
    }

    /// Opens a payload as far as the configuration can.
    async fn explain(&self, ctx: &Context, payload: Payload) -> Uses {
        let explained = self.0.pipeline.explain_opened(ctx, payload, Fetch::Objects);
        let (explanation, innermost) = explained.await;
        let mut uses = self.keys(&explanation);
        self.note_end(&explanation, innermost.as_ref(), &mut uses);
        uses
    }

    /// Returns the keys that the layers and the claim name.
    fn keys(&self, explanation: &Explanation) -> Uses {
        let mut uses = Uses::default();
        for layer in &explanation.layers {
            if let Some(id) = &layer.key_id {
                uses.add_key(id, Role::Payload);
            }
        }
        let claim = explanation.stored.as_ref().map(|stored| &stored.claim);
        if let Some(id) = claim.and_then(|claim| claim.get(PROOF_KEY)) {
            uses.add_key(id, Role::Proof);
        }
        for pair in explanation.layers.windows(2) {
            let [outer, inner] = pair else { continue };
            let by = inner.by.as_deref().unwrap_or_default();
            if outer.key_id.is_none() && self.0.ciphers.contains(by) {
                let why = format!("stage `{by}` encrypts, and its payloads do not name their key");
                uses.add_gap("payloads", why);
            }
        }
        uses
    }

    /// Notes what is hidden in the innermost layer that could be opened.
    fn note_end(&self, explanation: &Explanation, innermost: Option<&Payload>, uses: &mut Uses) {
        let Some(last) = explanation.layers.last() else { return };
        if last.key_id.as_ref().is_some_and(|id| self.0.known.is_destroyed(id)) {
            return;
        }
        let encoding = last.encoding.as_deref();
        let is_empty = innermost.is_some_and(|payload| payload.data.is_empty());
        let is_plain = encoding.is_some_and(|encoding| self.0.plain.contains(encoding))
            || encoding.is_none() && is_empty;
        match (&explanation.trouble, &last.key_id) {
            (Some(error), _) if is_object_missing(error, explanation.stored.as_ref()) => {
                uses.add_gap("objects", format!("an object is missing: {}", chain(error)));
            }
            (Some(error), _) if error.kind() == ErrorKind::Unsealed && is_plain => {}
            (_, Some(id)) if !self.0.known.knows(id) => {
                let why = "a payload is encrypted under a key that is unknown here, so that what is \
                           inside was not read";
                uses.add_gap("payloads", why);
            }
            (Some(error), _) => uses.add_gap("payloads", chain(error)),
            (None, None) if is_plain => {}
            (None, _) => {
                let encoding = encoding.unwrap_or("none");
                let why = format!("no stage opens a payload with the encoding `{encoding}`");
                uses.add_gap("payloads", why);
            }
        }
    }
}

fn is_object_missing(error: &Error, stored: Option<&Stored>) -> bool {
    error.kind() == ErrorKind::NotFound && stored.is_some_and(|stored| !stored.verified)
}

/// Returns the identity of an object: the driver, and the claim without the proof, which differs by key and
/// namespace.
fn object_id(stored: &Stored) -> Digest {
    let mut text = Vec::new();
    let theirs = stored.claim.iter().filter(|(name, _)| !name.starts_with("cloakroom_"));
    let texts = theirs.flat_map(|(name, value)| [name, value]);
    for part in std::iter::once(&stored.driver).chain(texts) {
        text.extend_from_slice(&(part.len() as u64).to_be_bytes());
        text.extend_from_slice(part.as_bytes());
    }
    Digest::sha256(&text)
}
