//! Key sets, and tokens of strangers.

use std::{net::SocketAddr, sync::OnceLock};

use cloakroom::ErrorKind;
use cloakroom_temporal::server::Auth;

use super::client::{ask, serve};
use crate::{input::Input, promise};

const KEYS: &[u8] = include_bytes!("jwt/keys.json");

/// One token of each key. Their private keys are gone.
const TOKENS: &str = include_str!("jwt/tokens.txt");

fn signed(keys: &[u8]) -> Result<Auth, cloakroom::Error> {
    let (audience, issuer) = ("cloakroom".to_owned(), "https://issuer.example".to_owned());
    Auth::default().with_key_set(keys, Some(audience), Some(issuer))
}

/// An even first byte stands before a key set, an odd one before a token. No token is taken but those
/// that were issued.
pub(crate) fn jwt(data: &[u8]) {
    let mut input = Input::new(data);
    if input.byte() & 1 == 0 {
        if let Err(error) = signed(input.rest()) {
            promise::check(&error);
            assert_eq!(error.kind(), ErrorKind::Config);
        }
        return;
    }
    static SERVER: OnceLock<SocketAddr> = OnceLock::new();
    let server = *SERVER.get_or_init(|| serve(signed(KEYS).expect("a key set")));
    let visible = |byte: &&u8| (0x21..=0x7e).contains(*byte);
    let token: String = input.rest().iter().filter(visible).map(|&byte| char::from(byte)).collect();
    let expected = if TOKENS.lines().any(|issued| issued == token) { 200 } else { 401 };
    assert_eq!(ask(server, &token), expected, "{token}");
}
