//! A codec that has the host encrypt payloads. It never sees a key.

use cloakroom_guest::{
    Context, Description, Error, Payload, PayloadCodec, Purpose, Setting, Settings, export_codec,
    keys,
};

/// It is written into every payload, and a history keeps it for years. Never reuse it for other bytes.
const ENCODING: &str = "binary/{{name}}";

/// Metadata that names the key which opens a payload. It stands in the clear.
const KEY: &str = "{{name}}-key";

/// The cipher, as its settings make it.
struct Cipher {
    /// The ring of keys that the operator granted.
    ring: String,
}

impl PayloadCodec for Cipher {
    // The plugin is not loaded with other settings.
    const SETTINGS: &'static [Setting] = &[Setting::name_of("ring", "keys", "ring to seal and open with").required()];

    fn configure(settings: &Settings) -> Result<Self, Error> {
        Ok(Self { ring: settings.required("ring")?.to_owned() })
    }

    fn describe(&self) -> Description {
        Description::new([ENCODING], Purpose::Encryption)
    }

    fn encode(&self, _: &Context, payload: &Payload) -> Result<Option<Payload>, Error> {
        // The host draws fresh randomness for each call, so equal payloads give different bytes.
        let sealed = keys::seal(&self.ring, &payload.envelope(), ENCODING.as_bytes())?;
        let metadata = [
            ("encoding".to_owned(), ENCODING.into()),
            (KEY.to_owned(), sealed.key.into_bytes()),
        ];
        Ok(Some(Payload::new(&metadata, &sealed.data)))
    }

    fn decode(&self, _: &Context, payload: &Payload) -> Result<Payload, Error> {
        let key = payload.get(KEY).and_then(|key| String::from_utf8(key).ok());
        let key = key.ok_or_else(|| Error::malformed(format!("metadata `{KEY}` is not a key's id")))?;
        // The host refuses bytes that were changed, or sealed with other associated bytes.
        let envelope = keys::open(&self.ring, &key, &payload.data(), ENCODING.as_bytes())?;
        Payload::from_envelope(&envelope)
    }
}

export_codec!(Cipher);

#[cfg(test)]
mod tests {
    use cloakroom_guest::{Target, testing};

    use super::*;

    fn cipher() -> Cipher {
        Cipher::load(&Settings::from([("ring", "main")])).unwrap()
    }

    #[test]
    fn what_is_sealed_is_opened() {
        let _host = testing::Host::new().with_ring("main", &["key-1"]);
        let (ctx, payload) = (testing::context(Target::default()), testing::payload(b"secret"));
        let sealed = cipher().encode(&ctx, &payload).unwrap().unwrap();
        assert_eq!(sealed.get(KEY).as_deref(), Some(&b"key-1"[..]));
        assert_eq!(cipher().decode(&ctx, &sealed).unwrap().data().to_vec(), b"secret");
    }

    #[test]
    fn old_keys_still_open() {
        let host = testing::Host::new().with_ring("main", &["key-1"]);
        let (ctx, payload) = (testing::context(Target::default()), testing::payload(b"secret"));
        let sealed = cipher().encode(&ctx, &payload).unwrap().unwrap();
        let _host = host.with_ring("main", &["key-2", "key-1"]);
        assert_eq!(cipher().decode(&ctx, &sealed).unwrap().data().to_vec(), b"secret");
    }

    #[test]
    fn foreign_bytes_are_refused() {
        let _host = testing::Host::new().with_ring("main", &["key-1"]);
        let (ctx, payload) = (testing::context(Target::default()), testing::payload(b"secret"));
        assert!(matches!(cipher().decode(&ctx, &payload), Err(Error::Malformed(_))));
    }

    #[test]
    fn a_ring_must_be_named() {
        assert!(Cipher::load(&Settings::default()).is_err());
    }
}
