//! AES-256-GCM by keys that stay in the host: `binary/sealed`, and `binary/encrypted` as Temporal's
//! samples write it.

mod accept;
mod config;
mod format;
mod label;
mod sealed;
mod temporal;

use cloakroom_guest::{Context, Description, Error, Payload, PayloadCodec, Purpose, settings};

use crate::{config::Config, format::Format};

/// Has envelopes sealed by the host.
pub struct AesGcm;

impl PayloadCodec for AesGcm {
    fn describe() -> Result<Description, Error> {
        settings::refuse_unknown(&["accept", "format", "namespace", "repeatable", "ring"])?;
        let accepted = &Config::get()?.accept;
        let encodings = accepted.iter().map(|format| format.encoding().to_owned()).collect();
        Ok(Description { encodings, purpose: Purpose::Encryption })
    }

    fn encode(ctx: &Context, payload: &Payload) -> Result<Option<Payload>, Error> {
        let config = Config::get()?;
        match config.format {
            Format::Sealed => sealed::seal(config, ctx, payload).map(Some),
            Format::Temporal => temporal::seal(config, payload).map(Some),
        }
    }

    fn decode(ctx: &Context, payload: &Payload) -> Result<Payload, Error> {
        let (config, metadata) = (Config::get()?, payload.metadata());
        match Format::of(&metadata).filter(|format| config.accept.contains(format)) {
            Some(Format::Sealed) => sealed::open(config, ctx, payload, &metadata),
            Some(Format::Temporal) => temporal::open(config, payload, &metadata),
            None => Err(Error::Malformed("not an encoding of this codec".to_owned())),
        }
    }
}

cloakroom_guest::export!(AesGcm);
