//! Verification of a stored object before a reference to it is returned.

use std::pin::pin;

use cloakroom_core::{Context, Error, ErrorKind, Payload, clean};

use crate::{
    offload::{claims, storage::Storage, verify::Verify},
    part::PartCall,
    printable::printable,
    reference::{PayloadKind, Reference, StoredObject},
};

impl Storage {
    /// Reads a reference as decoding will read it from the history, and returns it. A reference that
    /// decoding would refuse must not get into a history, where nobody could repair it.
    pub(crate) fn as_in_history(
        &self,
        ctx: &Context,
        stored: &StoredObject<'_>,
        payload: &Payload,
    ) -> Result<Reference, Error> {
        let written = Reference::new(stored.driver.to_owned(), stored.claim.clone(), None);
        let read = self.format.read(payload);
        let read = read.map_err(|error| unreadable(ErrorKind::Protocol, &written, &error))?;
        let is_same = read.driver == written.driver && read.claim == written.claim;
        if !is_same || self.format.classify(payload) != PayloadKind::Reference {
            let text = "the reference that would stand in the history reads as another one";
            return Err(Error::new(ErrorKind::Protocol, text));
        }
        // This checks the proof and the largest size too, as decoding will.
        let size = self.expected_size(ctx, &read);
        size.map_err(|error| unreadable(error.kind(), &written, &error))?;
        Ok(read)
    }

    /// Reads an object back as `verify` says, and compares size and SHA-256. A trusted object existed
    /// before, and was verified then.
    pub(crate) async fn verify_object(
        &self,
        ctx: &Context,
        reference: &Reference,
        sha256: &[u8; 32],
        verify: Verify,
        is_trusted: bool,
    ) -> Result<(), Error> {
        if verify != Verify::Off && !is_trusted {
            self.read_back(ctx, reference).await?;
        }
        if verify == Verify::New {
            self.unverified.remove(sha256);
        }
        Ok(())
    }

    async fn read_back(&self, ctx: &Context, reference: &Reference) -> Result<(), Error> {
        let (name, _) = self.driver(&reference.driver)?;
        let read = self.retrieve_object(ctx, reference);
        let read = PartCall::verify(ctx, name).run(pin!(read), |(object, _)| object.len()).await;
        read.map(drop).map_err(|error| unreadable(error.kind(), reference, &error))
    }
}

/// Returns the error of an object that was stored and cannot be read back.
fn unreadable(kind: ErrorKind, reference: &Reference, error: &Error) -> Error {
    let text = format!(
        "what driver `{}` has stored ({}) cannot be read back, and no reference was written: {error}",
        printable(&reference.driver),
        location(reference)
    );
    Error::new(kind, text).with_remedies(error.remedies())
}

/// Returns the first entries of a claim, which say where the object lies.
fn location(reference: &Reference) -> String {
    let claim = claims::without_ours(&reference.claim);
    let theirs = claim.iter().filter(|(name, _)| !claims::is_digest(name)).take(4);
    let entry = |(name, value): (&String, &String)| {
        format!("{} `{}`", printable(name), clean(value, 512).replace('`', "?"))
    };
    let entries: Vec<_> = theirs.map(entry).collect();
    if entries.is_empty() { "a claim without entries".to_owned() } else { entries.join(", ") }
}
