//! AES-256-GCM by keys that stay in the host: `binary/sealed`, and `binary/encrypted` as Temporal's
//! samples write it.

mod format;
mod label;
mod sealed;
mod temporal;

use cloakroom_guest::{Context, Description, Error, Payload, PayloadCodec, Purpose, settings};

use crate::{format::Format, sealed::Binding};

/// Has envelopes sealed by the host.
pub struct AesGcm;

impl PayloadCodec for AesGcm {
    fn describe() -> Result<Description, Error> {
        settings::refuse_unknown(&["ring", "format", "namespace"])?;
        settings::required("ring")?;
        Binding::configured()?;
        // Both are read, so that an operator can go from one to the other.
        let written = Format::configured()?;
        let encodings = [written, written.other()].map(|format| format.encoding().to_owned());
        Ok(Description { encodings: encodings.into(), purpose: Purpose::Encryption })
    }

    fn encode(ctx: &Context, payload: &Payload) -> Result<Option<Payload>, Error> {
        match Format::configured()? {
            Format::Sealed => sealed::seal(ctx, payload).map(Some),
            Format::Temporal => temporal::seal(payload).map(Some),
        }
    }

    fn decode(ctx: &Context, payload: &Payload) -> Result<Payload, Error> {
        let metadata = payload.metadata();
        match Format::of(&metadata) {
            Some(Format::Sealed) => sealed::open(ctx, payload, &metadata),
            Some(Format::Temporal) => temporal::open(payload, &metadata),
            None => Err(Error::Malformed("not an encoding of this codec".to_owned())),
        }
    }
}

cloakroom_guest::export!(AesGcm);
