//! Payloads in the details of an error, which a head or trailers carry.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use cloakroom_core::Context;
use http::{HeaderMap, HeaderName, HeaderValue, header::USER_AGENT};

use super::{
    proxy::GatewayState,
    status_head::{GRPC_MESSAGE, percent_encode},
};

const DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");

/// gRPC writes no padding, and has to accept it.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Largest head that the core SDKs take. A larger one breaks the call: they get `INTERNAL`, and lose
/// what the error says.
const HEAD: usize = 16 << 10;

/// Largest head that gRPC for Java takes.
const JAVA_HEAD: usize = 8 << 10;

/// What HTTP/2 counts for a field besides its name and value.
const FIELD: usize = 32;

/// Room for the fields that the connection adds.
const ADDED: usize = 256;

/// Most characters of a message, as the frontend cuts it.
const MESSAGE: usize = 4000;

impl GatewayState {
    /// Decodes the payloads in the details of an error. Details that cannot be decoded stay encoded, and
    /// so do those that would be too large for the caller: the code of the error counts for more.
    pub(super) async fn decode_details(
        &self,
        ctx: &Context,
        caller: &HeaderMap,
        headers: &mut HeaderMap,
    ) {
        let encoded = headers.get(DETAILS).map(|value| BASE64.decode(value));
        let Some(Ok(details)) = encoded else { return };
        let decoded = self.exchange.decode_error(ctx, details.into()).await;
        let Some(decoded) = decoded else { return };
        let room = largest_head(caller);
        if let Some(message) = decoded.message {
            let message: String = message.chars().take(MESSAGE).collect();
            put(headers, GRPC_MESSAGE, &percent_encode(&message), room);
        }
        put(headers, DETAILS, &BASE64.encode(&decoded.status), room);
    }
}

/// Returns the size of the largest head that the SDK of a caller takes.
fn largest_head(caller: &HeaderMap) -> usize {
    let agent = caller.get(USER_AGENT).map(HeaderValue::as_bytes).unwrap_or_default();
    if agent.starts_with(b"grpc-java") { JAVA_HEAD } else { HEAD }
}

/// Replaces a field if the head stays small enough with the new value.
fn put(headers: &mut HeaderMap, name: HeaderName, value: &str, most: usize) {
    let others = headers.iter().filter(|(other, _)| **other != name);
    let size = |name: &HeaderName, value: usize| name.as_str().len() + value + FIELD;
    let taken: usize = others.map(|(name, value)| size(name, value.len())).sum();
    if taken + size(&name, value.len()) + ADDED > most {
        return;
    }
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_grows_no_larger_than_its_caller_takes() {
        let mut caller = HeaderMap::new();
        let mut headers = HeaderMap::new();
        headers.insert(DETAILS, HeaderValue::from_static("as it was"));
        put(&mut headers, DETAILS, &"x".repeat(10_000), largest_head(&caller));
        assert_eq!(headers[DETAILS].len(), 10_000);
        put(&mut headers, DETAILS, &"x".repeat(16_384), largest_head(&caller));
        assert_eq!(headers[DETAILS].len(), 10_000);
        caller.insert(USER_AGENT, HeaderValue::from_static("grpc-java-netty/1.76.0"));
        put(&mut headers, DETAILS, &"x".repeat(9_000), largest_head(&caller));
        assert_eq!(headers[DETAILS].len(), 10_000);
        put(&mut headers, DETAILS, &"x".repeat(7_000), largest_head(&caller));
        assert_eq!(headers[DETAILS].len(), 7_000);
    }
}
