//! Id of the app: from the settings, or asked of the sidecar once.

use bytes::Bytes;
use cloakroom_core::{ByteSize, clean};
use cloakroom_grpc::{Caller, Code, RequestLog, Status, deadline::GRPC_TIMEOUT, proxy::Connection};
use http::HeaderMap;

use super::sidecar::Sidecar;

/// Method of the sidecar that tells its app's id.
const METADATA: &str = "/dapr.proto.runtime.v1.Dapr/GetMetadata";

/// Largest answer to it.
const MAX_METADATA: ByteSize = ByteSize::mib(4);

/// Most characters of an id in an error.
const SHOWN: usize = 64;

/// Finds the id of the app out, and refuses a caller that may not use it.
///
/// # Errors
/// `PermissionDenied`, or `Unavailable` if the sidecar does not tell the id.
pub(super) async fn admit(
    connection: &Connection<Sidecar>,
    headers: &HeaderMap,
    caller: &Caller,
    log: &mut RequestLog,
) -> Result<(), Status> {
    let current = &connection.proxy.protocol.current;
    let id = match current.app_id.get() {
        Some(id) => id,
        None => {
            let asked = ask(connection, headers).await?;
            current.app_id.get_or_init(|| asked)
        }
    };
    log.namespace = Some(id.clone());
    if caller.may_use(id) {
        return Ok(());
    }
    let (name, id) = (&caller.name, clean(id, SHOWN));
    let text = format!("identity `{name}` may not use app `{id}`");
    Err(Status::new(Code::PermissionDenied, text))
}

/// Asks the sidecar, with the credentials of the caller.
async fn ask(connection: &Connection<Sidecar>, headers: &HeaderMap) -> Result<String, Status> {
    let mut headers = headers.clone();
    headers.remove(GRPC_TIMEOUT);
    let memory = connection.proxy.protocol.pipeline().memory().admit().await;
    let answer = connection.ask(METADATA, headers, Bytes::new(), MAX_METADATA, &memory).await;
    let refuse = |why: &str| {
        let text = format!("the sidecar does not tell its app id ({why}): set gateway.dapr.app_id");
        Status::new(Code::Unavailable, text)
    };
    let answer = answer.map_err(|status| match status.code {
        Code::Unavailable | Code::Unauthenticated | Code::PermissionDenied => status,
        code => refuse(code.as_str()),
    })?;
    let id = first_text(&answer).filter(|id| !id.is_empty());
    id.ok_or_else(|| refuse("its metadata has none"))
}

/// Returns the text of the first field of a message, which is the id.
fn first_text(message: &[u8]) -> Option<String> {
    /// Field 1, with a length before its content.
    const FIRST: u8 = 0x0a;
    let (tag, rest) = message.split_first()?;
    let (length, rest) = rest.split_first()?;
    // An id is a DNS label. What is longer is none, and has a length of two bytes.
    let is_text = *tag == FIRST && *length < 0x80;
    let text = rest.get(..usize::from(*length)).filter(|_| is_text)?;
    std::str::from_utf8(text).ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_the_first_field() {
        assert_eq!(first_text(b"\x0a\x06orders\x12\x00").unwrap(), "orders");
        for wrong in
            [&b""[..], b"\x0a", b"\x0a\x06order", b"\x12\x01a", b"\x0a\x80\x01", b"\x0a\x01\xff"]
        {
            assert_eq!(first_text(wrong), None, "{wrong:?}");
        }
    }
}
