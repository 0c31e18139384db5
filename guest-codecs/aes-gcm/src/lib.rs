//! Codec for AES-256-GCM under keys that stay in the host: `binary/sealed`, and `binary/encrypted` as
//! Temporal's samples and temporal-proxy write it.

mod accept;
mod config;
mod format;
mod label;
mod sealed;
mod temporal;
mod temporal_proxy;

use cloakroom_guest::{
    Context, Description, Error, Payload, PayloadCodec, Purpose, Setting, Settings,
};

use crate::{config::Config, format::Format};

/// Has the host encrypt envelopes.
pub struct AesGcm {
    config: Config,
}

impl PayloadCodec for AesGcm {
    const SETTINGS: &'static [Setting] = &config::SETTINGS;

    fn configure(settings: &Settings) -> Result<Self, Error> {
        Ok(Self { config: Config::read(settings)? })
    }

    fn describe(&self) -> Description {
        let accepted = self.config.accept.iter();
        Description::new(accepted.map(|format| format.declared()), Purpose::Encryption)
    }

    fn encode(&self, ctx: &Context, payload: &Payload) -> Result<Option<Payload>, Error> {
        match self.config.format {
            Format::Sealed => sealed::seal(&self.config, ctx, payload).map(Some),
            Format::Temporal => temporal::seal(&self.config, payload).map(Some),
            Format::TemporalProxy => temporal_proxy::seal(&self.config, payload).map(Some),
        }
    }

    fn decode(&self, ctx: &Context, payload: &Payload) -> Result<Payload, Error> {
        match Format::of(payload).filter(|format| self.config.accept.contains(format)) {
            Some(Format::Sealed) => sealed::open(&self.config, ctx, payload),
            Some(Format::Temporal) => temporal::open(&self.config, payload),
            Some(Format::TemporalProxy) => temporal_proxy::open(&self.config, payload),
            None => Err(Error::malformed("not an encoding of this codec")),
        }
    }
}

cloakroom_guest::export_codec!(AesGcm);

#[cfg(test)]
mod tests;
