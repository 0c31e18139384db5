//! A codec that keeps large payloads in DataDog's Large Payload Service, and reads and writes what the
//! service's own codec for Go does (`github.com/DataDog/temporal-large-payload-codec`).
//!
//! The bodies pass between the host and the service: this plugin sees their digests and sizes alone.

mod reference;
mod service;

use cloakroom_guest::{
    Context, Description, Error, Payload, PayloadCodec, Purpose, Setting, Settings,
};

use crate::{
    reference::{Reference, Version},
    service::LargePayloads,
};

/// Entry of metadata that marks a reference, and names the version of the service that wrote it.
const MARK: &str = "temporal.io/remote-codec";

/// Encoding of a reference: that of any JSON.
const JSON: &[u8] = b"json/plain";

const SERVICE: Setting =
    Setting::name_of("service", "services", "the Large Payload Service, without /v2").required();
const NAMESPACE: Setting =
    Setting::text("namespace", "namespace to store under, where a call has none");
const MIN_BYTES: Setting =
    Setting::integer("min_bytes", 0..=i64::MAX, "largest payload that stays in the history")
        .with_default("128000");
const DECODE_ONLY: Setting =
    Setting::flag("decode_only", "store nothing new, and read what is there");

/// Keeps payloads in the service.
pub struct Remote {
    service: String,
    namespace: Option<String>,
    min_bytes: u64,
    decode_only: bool,
}

impl PayloadCodec for Remote {
    const SETTINGS: &'static [Setting] = &[SERVICE, NAMESPACE, MIN_BYTES, DECODE_ONLY];
    const METADATA_NAMES: &'static [&'static str] = &[MARK];

    fn configure(settings: &Settings) -> Result<Self, Error> {
        Ok(Self {
            service: settings.required(SERVICE.name())?.to_owned(),
            namespace: settings.get(NAMESPACE.name()).map(str::to_owned),
            min_bytes: settings.integer(&MIN_BYTES)?,
            decode_only: settings.flag(DECODE_ONLY.name())?,
        })
    }

    /// No encoding is its own: a reference is JSON, and the mark tells it from other JSON.
    fn describe(&self) -> Description {
        Description::new([""; 0], Purpose::Conversion)
    }

    fn encode(&self, ctx: &Context, payload: &Payload) -> Result<Option<Payload>, Error> {
        // A payload that bears the mark already is stored whatever its size: left as it is, decoding
        // would take it for a reference.
        let is_marked = payload.get(MARK).is_some();
        let is_small = || payload.envelope().length() <= self.min_bytes;
        if !is_marked && (self.decode_only || is_small()) {
            return Ok(None);
        }
        let (mut metadata, data) = (payload.metadata(), payload.data());
        metadata.sort();
        if !service::has_room_for(&metadata) {
            return if is_marked { Err(too_much_metadata()) } else { Ok(None) };
        }
        let digest = format!("sha256:{}", data.sha256_hex());
        let service = LargePayloads::open(&self.service)?;
        let key = service.put(&self.namespace(ctx)?, &digest, &metadata, &data)?;
        let reference = Reference { metadata, size: data.length(), digest, key };
        let metadata = [
            ("encoding".to_owned(), JSON.to_vec()),
            (MARK.to_owned(), Version::V2.as_str().as_bytes().to_vec()),
        ];
        Ok(Some(Payload::new(&metadata, &reference.write())))
    }

    fn decode(&self, _: &Context, payload: &Payload) -> Result<Payload, Error> {
        let version = Version::read(&payload.get(MARK).unwrap_or_default())?;
        if payload.get("encoding").as_deref() != Some(JSON) {
            return Err(Error::malformed("a reference has the encoding `json/plain`"));
        }
        let reference = Reference::read(version, &payload.data())?;
        let data = LargePayloads::open(&self.service)?.get(version, &reference)?;
        // The host knows no claim of this object, so size and digest are this codec's part.
        if data.length() != reference.size {
            let (found, size) = (data.length(), reference.size);
            let text = format!("the service gave {found} bytes, and the reference says {size}");
            return Err(Error::malformed(text));
        }
        if format!("sha256:{}", data.sha256_hex()) != reference.digest {
            return Err(Error::malformed("the service gave bytes of another digest"));
        }
        Ok(Payload::new(&reference.metadata, &data))
    }
}

impl Remote {
    /// Returns the namespace that the service stores under. It is part of the key, which stays in the
    /// reference, so that reading needs none.
    fn namespace(&self, ctx: &Context) -> Result<String, Error> {
        ctx.namespace().or_else(|| self.namespace.clone()).ok_or_else(|| {
            Error::misconfigured("the call has no namespace: set `namespace` to store under one")
        })
    }
}

fn too_much_metadata() -> Error {
    Error::too_large(
        "the payload looks like a reference, and has more metadata than the service takes in a header",
    )
}

cloakroom_guest::export_codec!(Remote);

#[cfg(test)]
mod tests;
