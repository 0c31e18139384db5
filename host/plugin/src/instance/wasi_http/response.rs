//! Responses of services as WASI has them.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use wasmtime_wasi_http::{Error, WasiBody};

use crate::instance::{held_memory::Reservation, service_exchange::ServiceAnswer};

/// Body of a response, whose memory stays reserved until the guest has read or dropped it.
struct HeldBody {
    bytes: Bytes,
    _reservation: Reservation,
}

impl AsRef<[u8]> for HeldBody {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Converts a response.
///
/// # Errors
/// `HttpResponseHeaderSectionSize` if its headers have more than `most` bytes, `HttpProtocolError` if its status
/// or a header is none.
pub(super) fn convert(
    answer: ServiceAnswer,
    most: usize,
) -> Result<http::Response<WasiBody>, Error> {
    if answer.header_bytes() > most {
        return Err(Error::HttpResponseHeaderSectionSize(None));
    }
    let ServiceAnswer { status, headers, body, reservation } = answer;
    let body = Bytes::from_owner(HeldBody { bytes: body, _reservation: reservation });
    let body = Full::new(body).map_err(|never| match never {}).boxed_unsync();
    let mut response = http::Response::builder().status(status);
    for (name, value) in &headers {
        response = response.header(name, value);
    }
    response.body(body).map_err(|_| Error::HttpProtocolError)
}
