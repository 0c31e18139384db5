//! Requests of WASI: which granted service they are for, and their form for it.

use bytes::Bytes;
use cloakroom_core::{Error, ErrorKind, ServiceRequest};
use http::request::Parts;
use http_body_util::BodyExt as _;
use wasmtime_wasi_http::WasiBody;

use crate::{
    grants::{Grants, granted_service::GrantedService},
    instance::{
        held_memory::{HeldMemory, Reservation},
        service_exchange::{Collected, ExchangeError},
    },
};

/// Headers that ordinary clients send by themselves, and that the host sets. They are left out.
const DROPPED: [&str; 3] = ["accept-encoding", "content-length", "host"];

/// Request, and the service that it lies under.
pub(super) struct TargetedRequest {
    pub(super) service: GrantedService,
    pub(super) parts: Parts,
    /// Path and query, relative to the service's URL.
    pub(super) path: String,
    pub(super) body: WasiBody,
}

impl TargetedRequest {
    /// Finds the granted service whose URL is the start of the request's, the longest if there are several.
    ///
    /// # Errors
    /// `Denied` if there is none. The URL is the guest's text and is not shown.
    pub(super) fn find(grants: &Grants, request: http::Request<WasiBody>) -> Result<Self, Error> {
        let (parts, body) = request.into_parts();
        let url = canonical(&parts);
        let under = grants.services.values().filter(|service| url.starts_with(service.url()));
        let Some(service) = under.max_by_key(|service| service.url().len()).cloned() else {
            let urls: Vec<_> =
                grants.services.values().map(|service| format!("`{}`", service.url())).collect();
            let text = format!(
                "an HTTP request lies under the URL of no granted service; granted: {}",
                urls.join(", ")
            );
            return Err(Error::new(ErrorKind::Denied, text));
        };
        let path = url.get(service.url().len()..).unwrap_or_default().to_owned();
        Ok(Self { service, parts, path, body })
    }
}

/// Returns the URL of a request, with host and port as services have them. The path stays as it is.
fn canonical(parts: &Parts) -> String {
    let scheme = parts.uri.scheme_str().unwrap_or_default();
    let authority = parts.uri.authority().map_or("", |authority| authority.as_str());
    let authority = authority.to_ascii_lowercase();
    let port = if scheme == "https" { ":443" } else { ":80" };
    let authority = authority.strip_suffix(port).unwrap_or(&authority);
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    format!("{scheme}://{authority}{path}")
}

/// Request that was read to its end.
pub(super) struct ReadRequest {
    pub(super) request: ServiceRequest,
    /// Bytes of its body.
    pub(super) size: usize,
    /// Reservation of the memory of its body.
    pub(super) _reservation: Reservation,
}

/// Reads the body of a request and returns what is sent.
///
/// # Errors
/// A fault if `held` has no room for the body. `Denied` if the rules refuse the request.
pub(super) async fn read(
    service: &GrantedService,
    parts: &Parts,
    path: &str,
    mut body: WasiBody,
    held: &HeldMemory,
) -> Result<ReadRequest, ExchangeError> {
    let request = ServiceRequest::new(parts.method.as_str(), path);
    let request = request.and_then(|request| request.with_headers(headers(parts)?));
    let request = request.map_err(|error| service.name_error(&error))?;
    let mut collected = Collected::with_capacity(0, held)?;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| {
            let text = "the plugin did not finish the body of its request";
            service.name_error(&Error::new(ErrorKind::Failed, text))
        })?;
        // Trailers are left out.
        if let Ok(piece) = frame.into_data() {
            collected.push(&piece, usize::MAX, held)?;
        }
    }
    let Collected { bytes, reservation } = collected;
    let bytes: Bytes = bytes.freeze();
    let has_body = !bytes.is_empty() || matches!(parts.method.as_str(), "PATCH" | "POST" | "PUT");
    let size = bytes.len();
    let request = if has_body { request.with_body(vec![bytes]) } else { request };
    Ok(ReadRequest { request, size, _reservation: reservation })
}

fn headers(parts: &Parts) -> Result<Vec<(String, String)>, Error> {
    let kept = parts.headers.iter().filter(|(name, _)| !DROPPED.contains(&name.as_str()));
    let text = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
        let value = value.to_str().map_err(|_| {
            let text = "the value of a header has other characters than printable ASCII";
            Error::new(ErrorKind::Denied, text)
        });
        Ok((name.as_str().to_owned(), value?.to_owned()))
    };
    kept.map(text).collect()
}
