//! Payloads in the details of an error, which a head or trailers carry.

use base64::{
    Engine as _, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use cloakroom_core::Context;
use cloakroom_grpc::proxy::{headers::GRPC_MESSAGE, percent_encode};
use http::{HeaderMap, HeaderName, HeaderValue, header::USER_AGENT};

use super::temporal::Temporal;
use crate::exchange::ErrorDetails;

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

/// Bytes that HTTP/2 counts for a field besides its name and value.
const FIELD: usize = 32;

/// Room for the fields that the connection adds.
const ADDED: usize = 256;

/// Most characters of a message, as the frontend cuts it.
const MESSAGE: usize = 4000;

impl Temporal {
    /// Decodes the payloads in the details of an error. If they would be too large for the caller, only
    /// their types are left, and as much of the message as there is room for: the code of the error
    /// counts for more. Details that cannot be decoded stay encoded.
    pub(super) async fn decode_details(
        &self,
        ctx: &Context,
        caller: &HeaderMap,
        headers: &mut HeaderMap,
    ) {
        let encoded = headers.get(DETAILS).map(|value| BASE64.decode(value));
        let Some(Ok(details)) = encoded else { return };
        let decoded = self.exchange.decode_error(ctx, details.into()).await;
        let Some(ErrorDetails { status, kinds, message }) = decoded else { return };
        let most = largest_head(caller);
        for (details, characters) in [(&status, MESSAGE), (&kinds, MESSAGE), (&kinds, MESSAGE / 8)]
        {
            let message = message.as_ref().map(|message| first(message, characters));
            if put(headers, message, &BASE64.encode(details), most) {
                return;
            }
        }
    }
}

/// Returns the first characters of a message.
fn first(message: &str, characters: usize) -> String {
    percent_encode(&message.chars().take(characters).collect::<String>())
}

/// Returns the size of the largest head that the SDK of a caller takes.
fn largest_head(caller: &HeaderMap) -> usize {
    let agent = caller.get(USER_AGENT).map(HeaderValue::as_bytes).unwrap_or_default();
    if agent.starts_with(b"grpc-java") { JAVA_HEAD } else { HEAD }
}

/// Replaces message and details if the head stays small enough with them. Returns whether it does.
fn put(headers: &mut HeaderMap, message: Option<String>, details: &str, most: usize) -> bool {
    let is_kept =
        |name: &HeaderName| *name != DETAILS && (*name != GRPC_MESSAGE || message.is_none());
    let size = |name: &HeaderName, value: usize| name.as_str().len() + value + FIELD;
    let kept = headers.iter().filter(|(name, _)| is_kept(name));
    let kept: usize = kept.map(|(name, value)| size(name, value.len())).sum();
    let added = message.as_ref().map_or(0, |message| size(&GRPC_MESSAGE, message.len()));
    if kept + added + size(&DETAILS, details.len()) + ADDED > most {
        return false;
    }
    let message = message.map(|message| (GRPC_MESSAGE, message));
    for (name, value) in [(DETAILS, details.to_owned())].into_iter().chain(message) {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_grows_no_larger_than_its_caller_takes() {
        let mut caller = HeaderMap::new();
        let mut headers = HeaderMap::new();
        headers.insert(DETAILS, HeaderValue::from_static("as it was"));
        headers.insert(GRPC_MESSAGE, HeaderValue::from_static("Encoded failure"));
        let mut put = |message: usize, details: usize, caller: &HeaderMap| {
            let message = Some("m".repeat(message)).filter(|message| !message.is_empty());
            let is_put = put(&mut headers, message, &"d".repeat(details), largest_head(caller));
            (is_put, headers[GRPC_MESSAGE].len(), headers[DETAILS].len())
        };
        assert_eq!(put(0, 10_000, &caller), (true, 15, 10_000));
        assert_eq!(put(4_000, 12_100, &caller), (false, 15, 10_000));
        assert_eq!(put(4_000, 12_000, &caller), (true, 4_000, 12_000));
        caller.insert(USER_AGENT, HeaderValue::from_static("grpc-java-netty/1.76.0"));
        assert_eq!(put(4_000, 4_000, &caller), (false, 4_000, 12_000));
        assert_eq!(put(4_000, 100, &caller), (true, 4_000, 100));
    }
}
