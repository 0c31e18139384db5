//! Response that carries only a status.

use cloakroom_core::clean;
use http::{HeaderMap, HeaderValue, Response};

use super::{
    body::GatewayBody,
    headers::{GRPC_MESSAGE, GRPC_STATUS, describe_grpc},
};
use crate::status::Status;

/// Most characters of a message: a client may refuse a head of over 16 KiB.
const MESSAGE: usize = 2000;

impl Status {
    /// Returns the response: a head with the status, and no body.
    pub(super) fn into_response(self) -> Response<GatewayBody> {
        let mut response = Response::new(GatewayBody::empty());
        *response.headers_mut() = self.trailers();
        describe_grpc(response.headers_mut());
        response
    }

    /// Returns the trailers that end a stream with the status.
    #[must_use]
    pub fn trailers(&self) -> HeaderMap {
        let mut trailers = HeaderMap::new();
        trailers.insert(GRPC_STATUS, HeaderValue::from(self.code.number()));
        let message = percent_encode(&clean(&self.message, MESSAGE));
        if let Ok(message) = HeaderValue::from_str(&message) {
            trailers.insert(GRPC_MESSAGE, message);
        }
        trailers
    }
}

/// Encodes a message as gRPC has it: all but printable ASCII, and `%` itself.
#[must_use]
pub fn percent_encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b' '..=b'~' if byte != b'%' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::Code;

    #[test]
    fn a_message_is_one_header() {
        let status = Status::new(Code::Unavailable, "50 % of ü\nis lost");
        let response = status.into_response();
        assert_eq!(response.headers()[GRPC_STATUS], "14");
        let message = response.headers()[GRPC_MESSAGE].to_str().unwrap();
        assert!(message.starts_with("50 %25 of %C3%BC") && !message.contains('\n'), "{message}");
    }
}
