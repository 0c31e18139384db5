//! Native stand-ins: codecs, a driver and a format of references.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use bytes::Bytes;
use cloakroom_core::{
    ByteSize, Claim, Codec, Context, Description, Driver, Encoded, Error, ErrorKind, Object,
    Payload, Purpose, PutOutcome,
};
use futures::future::BoxFuture;

use crate::{PayloadKind, Pipeline, PipelineBuilder, Reference, ReferenceFormat, StoredObject};

/// Returns a builder of pipelines that know [`Lines`].
pub(super) fn builder() -> PipelineBuilder {
    Pipeline::builder().with_reference_format(Lines)
}

pub(super) fn ctx() -> Context {
    Context::namespace("payments")
}

pub(super) fn plain(text: &str) -> Payload {
    Payload::new("text/plain", text.to_owned())
}

/// Work of a [`Fake`] codec.
#[derive(Clone, Copy)]
pub(super) enum Work {
    /// Wraps the payload's message, backwards.
    Reverse,
    /// Wraps a body of one repeated byte in its length, and any other in more bytes than it had.
    Squeeze,
    /// Leaves every payload alone.
    Nothing,
    /// Writes an encoding that it did not declare.
    Undeclared,
    /// Fails on the body `bad`, and reverses others.
    FailOnBad,
    Panic,
}

pub(super) struct Fake {
    description: Description,
    work: Work,
    pub(super) encoded: Arc<AtomicUsize>,
}

impl Fake {
    pub(super) fn new(encoding: &str, purpose: Purpose, work: Work) -> Self {
        let description = Description { encodings: vec![encoding.to_owned()], purpose };
        Self { description, work, encoded: Arc::default() }
    }

    fn wrap(&self, mut bytes: Vec<u8>) -> Encoded {
        bytes.reverse();
        Encoded::Changed(Payload::new(&self.description.encodings[0], bytes))
    }

    fn encode_now(&self, payload: &Payload) -> Result<Encoded, Error> {
        self.encoded.fetch_add(1, SeqCst);
        let message = payload.envelope().to_bytes().to_vec();
        match self.work {
            Work::FailOnBad if payload.data == "bad" => {
                Err(Error::new(ErrorKind::Failed, "the body is bad"))
            }
            Work::Reverse | Work::FailOnBad => Ok(self.wrap(message)),
            Work::Squeeze => match payload.data.first() {
                Some(first) if payload.data.iter().all(|byte| byte == first) => {
                    let text = format!("{} {first}", payload.data.len());
                    let run = Payload::new(&self.description.encodings[0], text);
                    Ok(Encoded::Changed(run.with_metadata("run", "yes")))
                }
                _ => Ok(self.wrap(message)),
            },
            Work::Nothing => Ok(Encoded::Unchanged),
            Work::Undeclared => Ok(Encoded::Changed(plain("undeclared"))),
            Work::Panic => panic!("a canary that no error may show"),
        }
    }

    fn decode_now(&self, payload: &Payload) -> Result<Payload, Error> {
        let mut message = payload.data.to_vec();
        if payload.metadata.contains_key("run") {
            let text = std::str::from_utf8(&message).unwrap();
            let (length, byte) = text.split_once(' ').unwrap();
            let body = vec![byte.parse().unwrap(); length.parse().unwrap()];
            return Ok(Payload::new("text/plain", body));
        }
        message.reverse();
        Payload::from_envelope(message.into())
    }
}

impl Codec for Fake {
    fn description(&self) -> &Description {
        &self.description
    }

    fn encode<'a>(
        &'a self,
        _ctx: &'a Context,
        payload: &'a Payload,
    ) -> BoxFuture<'a, Result<Encoded, Error>> {
        Box::pin(async move { self.encode_now(payload) })
    }

    fn decode<'a>(
        &'a self,
        _ctx: &'a Context,
        payload: Payload,
    ) -> BoxFuture<'a, Result<Payload, Error>> {
        Box::pin(async move { self.decode_now(&payload) })
    }
}

/// Driver that keeps objects in memory by their SHA-256.
#[derive(Clone, Default)]
pub(super) struct Shelf(pub(super) Arc<ShelfState>);

#[derive(Default)]
pub(super) struct ShelfState {
    pub(super) objects: Mutex<BTreeMap<String, Bytes>>,
    pub(super) stores: AtomicUsize,
    pub(super) retrieves: AtomicUsize,
    /// Forgets what it stores.
    pub(super) loses: bool,
}

impl Shelf {
    pub(super) fn losing() -> Self {
        Self(Arc::new(ShelfState { loses: true, ..ShelfState::default() }))
    }

    pub(super) fn counts(&self) -> (usize, usize) {
        (self.0.stores.load(SeqCst), self.0.retrieves.load(SeqCst))
    }

    /// Changes the first byte of every object.
    pub(super) fn corrupt(&self) {
        for object in self.0.objects.lock().unwrap().values_mut() {
            let mut bytes = object.to_vec();
            bytes[0] ^= 1;
            *object = bytes.into();
        }
    }
}

impl Driver for Shelf {
    fn kind(&self) -> &str {
        "shelf"
    }

    fn store<'a>(
        &'a self,
        ctx: &'a Context,
        object: Object,
    ) -> BoxFuture<'a, Result<Claim, Error>> {
        Box::pin(async move { Ok(self.store_with_outcome(ctx, object).await?.0) })
    }

    fn store_with_outcome<'a>(
        &'a self,
        _ctx: &'a Context,
        object: Object,
    ) -> BoxFuture<'a, Result<(Claim, PutOutcome), Error>> {
        Box::pin(async move {
            self.0.stores.fetch_add(1, SeqCst);
            let key = hex::encode(object.sha256());
            let mut outcome = PutOutcome::Written;
            if !self.0.loses {
                let bytes = object.envelope().to_bytes();
                let before = self.0.objects.lock().unwrap().insert(key.clone(), bytes);
                outcome = before.map_or(outcome, |_| PutOutcome::AlreadyThere);
            }
            Ok((Claim::from([("key".to_owned(), key)]), outcome))
        })
    }

    fn retrieve<'a>(
        &'a self,
        _ctx: &'a Context,
        claim: &'a Claim,
        _most: ByteSize,
    ) -> BoxFuture<'a, Result<Bytes, Error>> {
        Box::pin(async move {
            self.0.retrieves.fetch_add(1, SeqCst);
            let object =
                claim.get("key").and_then(|key| self.0.objects.lock().unwrap().get(key).cloned());
            object.ok_or_else(|| Error::new(ErrorKind::NotFound, "no such object"))
        })
    }
}

/// Format of references with one line for the driver and one for each entry of the claim.
#[derive(Clone, Copy)]
pub(super) struct Lines;

const REFERENCE: &str = "test/reference";
const MARK: &str = "encoded-reference";

impl ReferenceFormat for Lines {
    fn classify(&self, payload: &Payload) -> PayloadKind {
        if payload.encoding() == Some(REFERENCE) {
            PayloadKind::Reference
        } else if payload.metadata.contains_key(MARK) {
            PayloadKind::EncodedReference
        } else {
            PayloadKind::Plain
        }
    }

    fn read(&self, payload: &Payload) -> Result<Reference, Error> {
        let malformed = || Error::new(ErrorKind::Malformed, "no reference");
        let text = std::str::from_utf8(&payload.data).map_err(|_| malformed())?;
        let mut lines = text.lines();
        let driver = lines.next().ok_or_else(malformed)?.to_owned();
        let entry = |line: &str| {
            let (name, value) = line.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        };
        let claim = lines.map(entry).collect::<Option<_>>().ok_or_else(malformed)?;
        Ok(Reference::new(driver, claim, payload.external_sizes.first().copied()))
    }

    fn is_bare(&self, payload: &Payload) -> bool {
        payload.metadata.len() == 1
    }

    fn key_namespaces(&self, claim: &Claim) -> Option<Vec<String>> {
        Some(vec![claim.get("key")?.split_once('/')?.0.to_owned()])
    }

    fn write(&self, object: &StoredObject<'_>) -> Payload {
        let mut text = format!("{}\n", object.driver);
        for (name, value) in object.claim {
            text.push_str(&format!("{name}={value}\n"));
        }
        let mut payload = Payload::new(REFERENCE, text);
        payload.external_sizes = vec![i64::try_from(object.size).unwrap()];
        payload
    }

    fn mark_encoded(&self, encoded: Payload, sizes: Vec<i64>) -> Payload {
        Payload { external_sizes: sizes, ..encoded.with_metadata(MARK, "yes") }
    }

    fn unmark_encoded(&self, mut marked: Payload) -> (Payload, Vec<i64>) {
        marked.metadata.remove(MARK);
        let sizes = std::mem::take(&mut marked.external_sizes);
        (marked, sizes)
    }
}
