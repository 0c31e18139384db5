//! A codec that breaks the rule of the conformance suite that its setting `fault` names, and no other.
#![allow(clippy::panic, clippy::indexing_slicing, reason = "some faults are traps")]

mod own_cipher;
mod sealed;

use cloakroom_guest::{
    Buffer, Context, Description, Error, Payload, PayloadCodec, Purpose, Setting, Settings, log,
    random,
};

/// Encoding of all that it writes, but for one fault.
pub(crate) const ENCODING: &str = "binary/faulty";

/// The codec.
pub struct Faulty {
    fault: String,
    /// True if it seals what it writes. Otherwise it wraps payloads as they are.
    is_cipher: bool,
}

impl PayloadCodec for Faulty {
    const SETTINGS: &'static [Setting] = &[
        Setting::flag("cipher", "says that it encrypts"),
        Setting::text("fault", "rule to break"),
        Setting::text("ring", "ring to seal with"),
    ];

    fn configure(settings: &Settings) -> Result<Self, Error> {
        Ok(Self {
            fault: settings.get("fault").unwrap_or_default().to_owned(),
            is_cipher: settings.get("cipher") == Some("true"),
        })
    }

    fn describe(&self) -> Description {
        let own = ENCODING.to_owned();
        let encodings = match &*self.fault {
            "description" => vec![own.clone(), own],
            "description-stable" => {
                vec![own, format!("binary/{:02x?}", random::draw(8)).replace(", ", "")]
            }
            _ => vec![own],
        };
        let purpose = if self.is_cipher { Purpose::Encryption } else { Purpose::Conversion };
        Description { encodings, purpose }
    }

    fn encode(&self, _: &Context, payload: &Payload) -> Result<Option<Payload>, Error> {
        let body = payload.data();
        match (&*self.fault, body.length()) {
            ("own-encoding", _) if is_own(payload) => return Ok(None),
            ("declared", _) if encoding(payload) == b"binary/null" => {
                return Ok(Some(marked("binary/other", &[], &payload.envelope())));
            }
            ("round-trip", 65_537) => return Ok(Some(cut(payload, 65_536))),
            ("large", 1_048_576) => panic!("no room for so much"),
            ("metadata", _) => return Ok(Some(without_other_text(payload))),
            ("limits", 3_000_000..) => return Err(Error::other("that is a lot")),
            ("words", _) => {
                let words = String::from_utf8_lossy(&body.read(0, 200)).into_owned();
                log::write(log::Level::Debug, &words);
            }
            _ => {}
        }
        if self.is_cipher {
            return sealed::seal(&self.fault, payload).map(Some);
        }
        Ok(Some(marked(ENCODING, &[], &payload.envelope())))
    }

    fn decode(&self, _: &Context, payload: &Payload) -> Result<Payload, Error> {
        if self.fault == "unknown-encoding" {
            assert!(is_own(payload), "an encoding of somebody else");
        }
        if self.is_cipher {
            return sealed::open(&self.fault, payload);
        }
        Payload::from_envelope(&payload.data())
    }
}

cloakroom_guest::export_codec!(Faulty);

fn encoding(payload: &Payload) -> Vec<u8> {
    payload.get("encoding").unwrap_or_default()
}

fn is_own(payload: &Payload) -> bool {
    encoding(payload) == ENCODING.as_bytes()
}

/// Returns a payload of this encoding with further metadata.
pub(crate) fn marked(encoding: &str, entries: &[(&str, Vec<u8>)], data: &Buffer) -> Payload {
    let mut metadata = vec![("encoding".to_owned(), encoding.as_bytes().to_vec())];
    metadata.extend(entries.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    Payload::new(&metadata, data)
}

/// Loses the end of the body.
fn cut(payload: &Payload, count: u64) -> Payload {
    let shorter = Payload::new(&payload.metadata(), &payload.data().slice(0, count));
    marked(ENCODING, &[], &shorter.envelope())
}

/// Loses the metadata that is not text.
fn without_other_text(payload: &Payload) -> Payload {
    let mut metadata = payload.metadata();
    metadata.retain(|(_, value)| std::str::from_utf8(value).is_ok());
    let kept = Payload::new(&metadata, &payload.data());
    marked(ENCODING, &[], &kept.envelope())
}
