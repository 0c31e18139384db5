//! Headers that a proxy passes on, and those that it does not.

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{
        CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HOST, PROXY_AUTHORIZATION, TRANSFER_ENCODING,
        UPGRADE,
    },
};

/// Header or trailer with the code of a call.
pub const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// Header or trailer with the text of a call that failed.
pub const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// Header with the compression of messages.
pub const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// Headers of one connection, which mean nothing on the next one.
const OF_CONNECTION: [HeaderName; 7] = [
    CONNECTION,
    HOST,
    HeaderName::from_static("keep-alive"),
    PROXY_AUTHORIZATION,
    HeaderName::from_static("proxy-connection"),
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Removes what concerns the connection to this side alone.
pub fn remove_of_connection(headers: &mut HeaderMap) {
    for name in &OF_CONNECTION {
        headers.remove(name);
    }
}

/// Describes a body that is one uncompressed message, and asks for such an answer.
///
/// A server answers a compressed request with a compressed message. Decompressing that would take
/// more time than the network between the two.
pub fn describe_request(headers: &mut HeaderMap) {
    describe_response(headers);
    headers.insert(GRPC_ACCEPT_ENCODING, HeaderValue::from_static("identity"));
}

/// Describes a response that a gateway makes itself.
pub fn describe_grpc(headers: &mut HeaderMap) {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
}

/// Describes a body that is one uncompressed message.
pub fn describe_response(headers: &mut HeaderMap) {
    headers.remove(GRPC_ENCODING);
    // With a wrong length the receiver resets the stream.
    headers.remove(CONTENT_LENGTH);
}
