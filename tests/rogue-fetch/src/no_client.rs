//! No client: a native build has no WASI.

use cloakroom_guest::Error;

pub(crate) fn send(_: &str, _: &str, _: &str, _: &[u8]) -> Result<(u16, Vec<u8>), Error> {
    Err(Error::unavailable("there is no WASI in a native build"))
}
