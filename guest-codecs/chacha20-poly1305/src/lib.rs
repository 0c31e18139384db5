//! `binary/chacha20-poly1305`: a cipher of the plugin's own, under a key derived for each payload.

mod aead;

use cloakroom_guest::{
    Context, Description, Error, Output, Payload, PayloadCodec, Purpose, random, settings, subkeys,
};

use crate::aead::Keys;

const ENCODING: &str = "binary/chacha20-poly1305";

/// What the host derives keys for. Another version of the format would name another purpose.
const PURPOSE: &str = "chacha20-poly1305/1";

const SALT: u32 = 24;

/// Encrypts envelopes in the sandbox.
pub struct ChaCha20Poly1305;

impl PayloadCodec for ChaCha20Poly1305 {
    fn describe() -> Result<Description, Error> {
        settings::refuse_unknown(&["ring"])?;
        settings::required("ring")?;
        Ok(Description { encodings: vec![ENCODING.to_owned()], purpose: Purpose::Encryption })
    }

    fn encode(_: &Context, payload: &Payload) -> Result<Option<Payload>, Error> {
        let salt = random::draw(SALT);
        let (id, keys) = derive(None, &salt)?;
        let envelope = payload.envelope();
        let mut output = Output::new();
        aead::seal(&keys, id.as_bytes(), envelope.reader(), &mut output).map_err(failed)?;
        let metadata = [
            ("encoding".to_owned(), ENCODING.into()),
            ("sealed-key".to_owned(), id.into()),
            ("sealed-salt".to_owned(), salt),
        ];
        Ok(Some(Payload::new(&metadata, &output.finish())))
    }

    fn decode(_: &Context, payload: &Payload) -> Result<Payload, Error> {
        let missing = |name| Error::Malformed(format!("`{name}` is missing"));
        let salt = payload.get("sealed-salt").filter(|salt| salt.len() == SALT as usize);
        let salt = salt.ok_or_else(|| missing("sealed-salt"))?;
        let id = payload.get("sealed-key").and_then(|id| String::from_utf8(id).ok());
        let (id, keys) = derive(Some(&id.ok_or_else(|| missing("sealed-key"))?), &salt)?;
        let (sealed, mut output) = (payload.data(), Output::new());
        let again = || sealed.reader();
        aead::open(&keys, id.as_bytes(), sealed.length(), again, &mut output)
            .map_err(|error| Error::Malformed(error.to_string()))?;
        Payload::from_envelope(&output.finish())
    }
}

/// The key's id, and what is derived from it for this payload alone.
fn derive(id: Option<&str>, salt: &[u8]) -> Result<(String, Keys), Error> {
    let ring = settings::required("ring")?;
    let subkey = subkeys::derive(&ring, id, PURPOSE, salt, aead::KEYS)?;
    let keys =
        Keys::new(subkey.bytes).ok_or_else(|| Error::Other("derived too little".to_owned()))?;
    Ok((subkey.id, keys))
}

fn failed(error: std::io::Error) -> Error {
    Error::Other(error.to_string())
}

cloakroom_guest::export!(ChaCha20Poly1305);
