//! gRPC as it is on the wire.

use std::io::Write as _;

use bytes::{Buf as _, Bytes, BytesMut};
use flate2::{Compression, write::GzEncoder};
use h2::RecvStream;
use http::{HeaderMap, HeaderValue};

/// The token that an app presents to its sidecar.
pub(super) const TOKEN: &str = "token-of-the-app-Rm4";

pub(super) async fn read(body: &mut RecvStream) -> Bytes {
    let mut bytes = BytesMut::new();
    while let Some(Ok(part)) = body.data().await {
        body.flow_control().release_capacity(part.len()).unwrap();
        bytes.extend_from_slice(&part);
    }
    take(&mut bytes).unwrap_or_default()
}

/// Takes a whole message from behind its prefix.
pub(super) fn take(bytes: &mut BytesMut) -> Option<Bytes> {
    let length = bytes.get(1..5)?.try_into().unwrap();
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap();
    if bytes.len() < 5 + length {
        return None;
    }
    bytes.advance(5);
    Some(bytes.split_to(length).freeze())
}

pub(super) fn framed(message: &[u8]) -> Bytes {
    flagged(0, message)
}

/// Returns a message that is compressed with gzip.
pub(super) fn compressed(message: &[u8]) -> Bytes {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(message).unwrap();
    flagged(1, &gzip.finish().unwrap())
}

fn flagged(flag: u8, message: &[u8]) -> Bytes {
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [&[flag][..], &length, message].concat().into()
}

pub(super) fn status(code: &'static str) -> HeaderMap {
    HeaderMap::from_iter([("grpc-status".parse().unwrap(), HeaderValue::from_static(code))])
}
