//! Sealed payloads of strangers, for each format and each cipher.

use std::sync::OnceLock;

use bytes::Bytes;
use cloakroom::{
    Codec as _, Payload,
    codec::Encoded,
    keys::KeyError,
    plugin::{Limits, PluginCodec, Reuse, Settings},
};
use cloakroom_tests::{bundled, ctx, host};

use crate::{
    input::Input,
    promise::{self, wait},
};

/// A cipher, and what it made of [`CONTENTS`].
struct Cipher {
    codec: PluginCodec,
    sealed: Payload,
}

const CONTENTS: &[u8] = b"\"contents that no key of a stranger opens\"";

/// Changes a sealed payload by the rules in `data` and opens it. Nothing opens but what was sealed.
pub(crate) fn sealed(data: &[u8]) {
    let mut input = Input::new(data);
    let cipher = &ciphers()[usize::from(input.byte()) % 3];
    let mut changed = cipher.sealed.clone();
    while !input.is_empty() {
        change(&mut input, &mut changed);
    }
    no_key_opens(&changed.data);
    match wait(cipher.codec.decode(&ctx(), changed.clone())) {
        Err(error) => promise::check(&error),
        Ok(opened) => {
            assert!(*opened.data == *CONTENTS, "opens to what was not sealed");
            assert!(changed.data == cipher.sealed.data, "opens although it was changed");
            for (name, value) in &cipher.sealed.metadata {
                assert_eq!(changed.metadata.get(name), Some(value), "opens without `{name}`");
            }
        }
    }
}

/// The key itself, beside the plugins.
fn no_key_opens(data: &Bytes) {
    let key = cloakroom_tests::key();
    assert_eq!(key.open(data.clone(), b"fuzz"), Err(KeyError::Mismatch));
    assert_eq!(key.open_aes_gcm(data.clone(), b"fuzz"), Err(KeyError::Mismatch));
}

fn change(input: &mut Input<'_>, payload: &mut Payload) {
    let (rule, at, value) = (input.byte(), usize::from(input.number()), input.byte());
    let mut data = payload.data.to_vec();
    let at = at.checked_rem(data.len()).unwrap_or_default();
    match rule % 8 {
        0..=2 => data.get_mut(at).into_iter().for_each(|byte| *byte ^= value),
        3 => data.truncate(at),
        4 => data.insert(at, value),
        5 => data = input.bytes(usize::from(value)).to_vec(),
        rule => {
            let names: Vec<_> = payload.metadata.keys().cloned().collect();
            let Some(name) = names.get(at.checked_rem(names.len()).unwrap_or_default()) else {
                return;
            };
            // Which codec opens it is not asked here.
            if name != "encoding" && rule == 6 {
                payload.metadata.remove(name);
            } else if name != "encoding" {
                let other = Bytes::copy_from_slice(input.bytes(usize::from(value)));
                payload.metadata.insert(name.clone(), other);
            }
        }
    }
    payload.data = data.into();
}

fn ciphers() -> &'static [Cipher; 3] {
    static CIPHERS: OnceLock<[Cipher; 3]> = OnceLock::new();
    CIPHERS.get_or_init(|| {
        let host = host(Limits::default());
        [("aes-gcm", "sealed"), ("aes-gcm", "temporal"), ("chacha20-poly1305", "")].map(
            |(name, format)| {
                let settings = Settings::none();
                let settings = if format.is_empty() {
                    settings
                } else {
                    settings.with_setting("format", format)
                };
                let codec = wait(bundled(&host, name, settings, Reuse::Warm));
                let contents = Payload::new("json/plain", CONTENTS);
                let Ok(Encoded::Changed(sealed)) = wait(codec.encode(&ctx(), &contents)) else {
                    panic!("does not seal");
                };
                Cipher { codec, sealed }
            },
        )
    })
}
