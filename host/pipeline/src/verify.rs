//! What was stored is held against what will be read, before a reference to it is returned.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use cloakroom_core::{Context, Error, ErrorKind, Payload, PutOutcome};
use tracing::Instrument as _;

use crate::{
    claims,
    fetch::Standing,
    metric,
    reference::{Kind, Reference},
    storage::{Storage, shown},
};

/// Which objects are read back before a reference to them is returned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verify {
    /// None.
    #[default]
    Off,
    /// Those that were written by this call, or by a driver that cannot tell.
    New,
    /// Those that were found there too.
    Always,
}

/// Objects that could not be read back. Whoever stores one again finds it there, and it is no
/// better for that.
#[derive(Default)]
pub(crate) struct Suspects(Mutex<BTreeSet<[u8; 32]>>);

/// How many are remembered.
const SUSPECTS: usize = 10_000;

impl Suspects {
    fn contains(&self, sha256: &[u8; 32]) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(sha256)
    }

    fn note(&self, sha256: &[u8; 32], failed: bool) {
        let mut suspects = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !failed {
            suspects.remove(sha256);
        } else if suspects.len() < SUSPECTS {
            suspects.insert(*sha256);
        }
    }
}

impl Storage {
    /// Reads a reference as it will be read from the history. What would be refused then must not
    /// get there.
    pub(crate) fn as_in_history(
        &self,
        reference: &Reference,
        payload: &Payload,
    ) -> Result<Standing, Error> {
        let standing = Standing::read(0, payload)
            .map_err(|error| unreadable(ErrorKind::Protocol, reference, &error))?;
        if standing.reference != *reference || !matches!(Kind::of(payload), Kind::Reference) {
            let text = "the reference that would stand in the history reads as another one";
            return Err(Error::new(ErrorKind::Protocol, text));
        }
        let size = self.expected_size(&standing.reference, &standing.sizes);
        size.map_err(|error| unreadable(error.kind(), reference, &error))?;
        Ok(standing)
    }

    /// Whether an object is to be read back.
    pub(crate) fn is_due(&self, verify: Verify, sha256: &[u8; 32], outcome: PutOutcome) -> bool {
        match verify {
            Verify::Off => false,
            Verify::New => outcome == PutOutcome::Written || self.suspects.contains(sha256),
            Verify::Always => true,
        }
    }

    /// Reads an object back by its reference, and compares size and SHA-256.
    pub(crate) async fn read_back(
        &self,
        ctx: &Context,
        standing: &Standing,
        sha256: &[u8; 32],
    ) -> Result<(), Error> {
        let reference = &standing.reference;
        let (name, _) = self.driver(&reference.driver)?;
        let call = metric::Call::begin("driver", name, "decode", None);
        let span = tracing::info_span!("driver", name = &**name, direction = "verify");
        let read = self.fetch_object(ctx, standing).instrument(span).await;
        let read = call.end(read, bytes::Bytes::len);
        self.suspects.note(sha256, read.is_err());
        read.map(drop).map_err(|error| unreadable(error.kind(), reference, &error))
    }
}

/// Says what was stored where, and why that is no use.
fn unreadable(kind: ErrorKind, reference: &Reference, error: &Error) -> Error {
    let text = format!(
        "what driver `{}` has stored ({}) cannot be read back, and no reference was written: {error}",
        shown(&reference.driver),
        place(reference)
    );
    Error::new(kind, text)
}

/// Where a claim says that the object lies.
fn place(reference: &Reference) -> String {
    let claim = claims::without_ours(&reference.claim);
    let theirs = claim.iter().filter(|(name, _)| !claims::is_digest(name)).take(4);
    let entry = |(name, value): (&String, &String)| {
        let value: String = value.chars().take(512).filter(|c| !c.is_control()).collect();
        format!("{} `{}`", shown(name), value.replace('`', "?"))
    };
    let place: Vec<_> = theirs.map(entry).collect();
    if place.is_empty() { "a claim without entries".to_owned() } else { place.join(", ") }
}
