//! Verification of a stored object, before a reference to it is returned.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use cloakroom_core::{Context, Direction, Error, ErrorKind, Payload, clean};
use tracing::Instrument as _;

use crate::{
    metric,
    offload::claims,
    offload::reference::{Kind, Reference},
    offload::retrieve::PendingReference,
    offload::storage::{Storage, printable},
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

/// Objects that were stored, or may have been, and not read back since. A call that failed or was
/// cut is repeated, and then finds the object there, which is no better for that.
#[derive(Default)]
pub(crate) struct UnverifiedObjects(Mutex<BTreeSet<[u8; 32]>>);

/// How many are remembered.
const SUSPECTS: usize = 10_000;

impl UnverifiedObjects {
    /// UnverifiedObjects an object, and returns whether it was suspected before.
    fn suspect(&self, sha256: &[u8; 32]) -> bool {
        let mut unverified = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if unverified.len() >= SUSPECTS {
            unverified.pop_first();
        }
        !unverified.insert(*sha256)
    }

    fn clear(&self, sha256: &[u8; 32]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(sha256);
    }
}

impl Storage {
    /// Reads a reference as it will be read from the history. What would be refused then must not
    /// get there.
    pub(crate) fn as_in_history(
        &self,
        ctx: &Context,
        reference: &Reference,
        payload: &Payload,
    ) -> Result<PendingReference, Error> {
        let pending = PendingReference::read(0, payload)
            .map_err(|error| unreadable(ErrorKind::Protocol, reference, &error))?;
        if pending.reference != *reference || !matches!(Kind::of(payload), Kind::Reference) {
            let text = "the reference that would stand in the history reads as another one";
            return Err(Error::new(ErrorKind::Protocol, text));
        }
        let size = self.expected_size(ctx, &pending.reference, &pending.sizes);
        size.map_err(|error| unreadable(error.kind(), reference, &error))?;
        Ok(pending)
    }

    /// Returns whether an object is suspected; is asked before it is stored, and then it is.
    pub(crate) fn begin_verify(&self, verify: Verify, sha256: &[u8; 32]) -> bool {
        match verify {
            Verify::Off => false,
            Verify::New => self.unverified.suspect(sha256),
            Verify::Always => true,
        }
    }

    /// Reads an object back as `verify` says, and compares size and SHA-256. `is_trusted` says that it
    /// was there before, and is not suspected.
    pub(crate) async fn verify(
        &self,
        ctx: &Context,
        pending: &PendingReference,
        sha256: &[u8; 32],
        verify: Verify,
        is_trusted: bool,
    ) -> Result<(), Error> {
        if verify != Verify::Off && !is_trusted {
            self.read_back(ctx, pending).await?;
        }
        if verify == Verify::New {
            self.unverified.clear(sha256);
        }
        Ok(())
    }

    async fn read_back(&self, ctx: &Context, pending: &PendingReference) -> Result<(), Error> {
        let reference = &pending.reference;
        let (name, _) = self.driver(&reference.driver)?;
        let call = metric::Call::begin(ctx, "driver", name, Direction::Decode, None);
        let span = tracing::info_span!("driver", driver = &**name, direction = "verify");
        let read = self.retrieve_object(ctx, pending).instrument(span).await;
        let read = call.end(read, |(object, _)| object.len());
        read.map(drop).map_err(|error| unreadable(error.kind(), reference, &error))
    }
}

/// Says what was stored where, and why that is no use.
fn unreadable(kind: ErrorKind, reference: &Reference, error: &Error) -> Error {
    let text = format!(
        "what driver `{}` has stored ({}) cannot be read back, and no reference was written: {error}",
        printable(&reference.driver),
        place(reference)
    );
    Error::new(kind, text)
}

/// Where a claim says that the object lies.
fn place(reference: &Reference) -> String {
    let claim = claims::without_ours(&reference.claim);
    let theirs = claim.iter().filter(|(name, _)| !claims::is_digest(name)).take(4);
    let entry = |(name, value): (&String, &String)| {
        format!("{} `{}`", printable(name), clean(value, 512).replace('`', "?"))
    };
    let place: Vec<_> = theirs.map(entry).collect();
    if place.is_empty() { "a claim without entries".to_owned() } else { place.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_suspected_until_it_was_read_back() {
        let unverified = UnverifiedObjects::default();
        assert!(!unverified.suspect(&[1; 32]));
        assert!(unverified.suspect(&[1; 32]) && !unverified.suspect(&[2; 32]));
        unverified.clear(&[1; 32]);
        assert!(!unverified.suspect(&[1; 32]));
    }
}
