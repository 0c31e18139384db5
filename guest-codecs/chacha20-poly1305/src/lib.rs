//! Codec for `binary/chacha20-poly1305`: a cipher of the plugin's own, under a key derived for each
//! payload. It shows that a cipher can run in the sandbox without ever holding a key of the host.

mod aead;

use cloakroom_guest::{
    BufferWriter, Context, Description, Error, Payload, PayloadCodec, Purpose, Setting, Settings,
    random, subkeys,
};

use crate::aead::Keys;

const ENCODING: &str = "binary/chacha20-poly1305";

/// The purpose that the host derives keys for. Another version of the format would name another.
const PURPOSE: &str = "chacha20-poly1305/1";

const SALT: u32 = 24;

/// Encrypts envelopes in the sandbox.
pub struct ChaCha20Poly1305 {
    ring: String,
}

impl PayloadCodec for ChaCha20Poly1305 {
    const SETTINGS: &'static [Setting] =
        &[Setting::name_of("ring", "subkeys", "ring to derive keys from").required()];

    fn configure(settings: &Settings) -> Result<Self, Error> {
        Ok(Self { ring: settings.required("ring")?.to_owned() })
    }

    fn describe(&self) -> Description {
        Description::new([ENCODING], Purpose::Encryption)
    }

    fn encode(&self, _: &Context, payload: &Payload) -> Result<Option<Payload>, Error> {
        // 24 random bytes do not repeat, however many payloads one key has. So each payload has a
        // key of its own, and the nonce can be fixed.
        let salt = random::draw(SALT);
        let (id, keys) = self.derive(None, &salt)?;
        // The id stands beside the body in the clear. Authenticated with it, it cannot be
        // exchanged.
        let sealed = payload
            .envelope()
            .transform(|input, output| aead::seal(&keys, id.as_bytes(), input, output))?;
        let metadata = [
            ("encoding".to_owned(), ENCODING.into()),
            ("sealed-key".to_owned(), id.into()),
            ("sealed-salt".to_owned(), salt),
        ];
        Ok(Some(Payload::new(&metadata, &sealed)))
    }

    fn decode(&self, _: &Context, payload: &Payload) -> Result<Payload, Error> {
        let missing = |name| Error::malformed(format!("`{name}` is missing"));
        let salt = payload.get("sealed-salt").filter(|salt| salt.len() == SALT as usize);
        let salt = salt.ok_or_else(|| missing("sealed-salt"))?;
        let id = payload.get("sealed-key").and_then(|id| String::from_utf8(id).ok());
        let (id, keys) = self.derive(Some(&id.ok_or_else(|| missing("sealed-key"))?), &salt)?;
        let (sealed, mut output) = (payload.data(), BufferWriter::new());
        // Read twice: nothing is decrypted before all of it is authenticated.
        let from_start = || sealed.reader();
        aead::open(&keys, id.as_bytes(), sealed.length(), from_start, &mut output)
            .map_err(Error::malformed)?;
        Payload::from_envelope(&output.finish())
    }
}

impl ChaCha20Poly1305 {
    /// Derives the keys of one payload. Returns the id of the host's key with them.
    fn derive(&self, id: Option<&str>, salt: &[u8]) -> Result<(String, Keys), Error> {
        let subkey = subkeys::derive(&self.ring, id, PURPOSE, salt, aead::KEYS)?;
        let keys = Keys::new(subkey.bytes);
        let keys =
            keys.ok_or_else(|| Error::other("the host derived fewer bytes than asked for"))?;
        Ok((subkey.id, keys))
    }
}

cloakroom_guest::export_codec!(ChaCha20Poly1305);

#[cfg(test)]
mod tests;
