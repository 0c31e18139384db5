//! A connection of the codec server, which gets any bytes.

use std::{net::SocketAddr, sync::OnceLock};

use cloakroom_temporal::server::Auth;

use super::client::{ask, exchange, serve};

/// In the kept corpus as well: behind it the requests are read.
const TOKEN: &str = "the-token-of-the-fuzz-target";

/// Sends `data`. Checks that the answer is HTTP or empty, and that an honest request is answered
/// afterwards.
pub(crate) fn http(data: &[u8]) {
    static SERVER: OnceLock<SocketAddr> = OnceLock::new();
    let server = *SERVER.get_or_init(|| serve(Auth::default().with_token(TOKEN).expect("a token")));
    let answer = exchange(server, data);
    let is_answer = answer.is_empty() || answer.starts_with(b"HTTP/1.");
    assert!(is_answer, "answers {:?}", String::from_utf8_lossy(&answer));
    assert_eq!(ask(server, TOKEN), 200, "an honest request is not answered any more");
}
