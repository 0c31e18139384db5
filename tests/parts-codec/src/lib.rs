//! A codec that moves payloads into a bucket, as services for large payloads do: what it leaves keeps its
//! encoding, and an entry of metadata says where the payload is.

use cloakroom_guest::{
    Buffer, Context, Description, Error, Payload, PayloadCodec, Purpose, Setting, Settings,
    blobs::{self, Mode},
};

/// Entry of metadata with the SHA-256 of what was moved.
const MARK: &str = "x-remote";

/// Moves payloads into a bucket.
pub struct Remote {
    bucket: String,
    /// Key of every object, in place of its digest: a mistake that the host must catch.
    key: Option<String>,
}

impl PayloadCodec for Remote {
    const SETTINGS: &'static [Setting] = &[
        Setting::name_of("bucket", "buckets", "bucket to move payloads into").required(),
        Setting::text("key", "one key for all objects"),
    ];
    const METADATA_NAMES: &'static [&'static str] = &[MARK];

    fn configure(settings: &Settings) -> Result<Self, Error> {
        let bucket = settings.required("bucket")?.to_owned();
        Ok(Self { bucket, key: settings.get("key").map(str::to_owned) })
    }

    fn describe(&self) -> Description {
        Description::new(["binary/remote"], Purpose::Conversion)
    }

    fn encode(&self, _: &Context, payload: &Payload) -> Result<Option<Payload>, Error> {
        let object = payload.envelope();
        let digest = object.sha256_hex();
        let key = self.key(&digest);
        blobs::open(&self.bucket)?.put(&key, &object, Mode::Create)?;
        let encoding = payload.get("encoding").unwrap_or_else(|| b"binary/remote".to_vec());
        let metadata = [("encoding".to_owned(), encoding), (MARK.to_owned(), digest.into_bytes())];
        Ok(Some(Payload::new(&metadata, &Buffer::new(b""))))
    }

    fn decode(&self, _: &Context, payload: &Payload) -> Result<Payload, Error> {
        let digest = payload.get(MARK).and_then(|digest| String::from_utf8(digest).ok());
        let digest = digest.ok_or_else(|| Error::malformed("no digest"))?;
        let object = blobs::open(&self.bucket)?.get(&self.key(&digest), u64::MAX)?;
        // The host knows no claim of this object, so its integrity is this codec's part.
        if object.sha256_hex() != digest {
            return Err(Error::malformed("the object is not the one that was moved"));
        }
        Payload::from_envelope(&object)
    }
}

impl Remote {
    fn key(&self, digest: &str) -> String {
        self.key.clone().unwrap_or_else(|| format!("parts/{digest}"))
    }
}

cloakroom_guest::export_codec!(Remote);
