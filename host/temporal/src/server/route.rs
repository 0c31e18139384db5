//! Routes, and the namespace of a request.

use cloakroom_core::Context;
use http::{HeaderMap, Method, Uri};

/// Header that names the namespace of the payloads.
const NAMESPACE: &str = "x-namespace";

/// Route of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Encode,
    Decode {
        /// True if the client wants decoded references instead of the objects they stand for.
        keep_references: bool,
    },
    Download,
    Health,
    Ready,
    Metrics,
}

/// Reason why a request has no route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum RouteError {
    UnknownPath,
    /// The path takes this method.
    WrongMethod(&'static str),
}

impl Route {
    /// Returns the route of a request.
    ///
    /// Only the last path segment counts: clients put a namespace before it.
    pub(super) fn parse(method: &Method, uri: &Uri) -> Result<Self, RouteError> {
        let last = uri.path().rsplit('/').next().unwrap_or_default();
        let (route, allowed) = match (uri.path(), last) {
            ("/healthz", _) => (Self::Health, Method::GET),
            ("/readyz", _) => (Self::Ready, Method::GET),
            ("/metrics", _) => (Self::Metrics, Method::GET),
            (_, "encode") => (Self::Encode, Method::POST),
            (_, "decode") => {
                (Self::Decode { keep_references: keeps_references(uri) }, Method::POST)
            }
            // The Web UI sends `preserveStorageRefs` here as well, although it wants the object.
            (_, "download") => (Self::Download, Method::POST),
            _ => return Err(RouteError::UnknownPath),
        };
        if *method == allowed || (allowed == Method::GET && *method == Method::HEAD) {
            Ok(route)
        } else {
            Err(RouteError::WrongMethod(if allowed == Method::GET { "GET" } else { "POST" }))
        }
    }

    /// Returns whether the route is for orchestrators, which have no token.
    pub(super) fn is_probe(self) -> bool {
        matches!(self, Self::Health | Self::Ready)
    }

    /// Returns whether the response may show payload contents.
    pub(super) fn shows_contents(self) -> bool {
        matches!(self, Self::Decode { .. } | Self::Download)
    }

    /// Returns the name for logs and metrics.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Encode => "encode",
            Self::Decode { .. } => "decode",
            Self::Download => "download",
            Self::Health => "healthz",
            Self::Ready => "readyz",
            Self::Metrics => "metrics",
        }
    }
}

fn keeps_references(uri: &Uri) -> bool {
    uri.query().unwrap_or_default().split('&').any(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        // Without regard to case, like the official handler.
        name.eq_ignore_ascii_case("preserveStorageRefs") && value.eq_ignore_ascii_case("true")
    })
}

/// Returns the context of a request. The namespace is that of the header, or else the path segment
/// before the last.
pub(super) fn context(headers: &HeaderMap, uri: &Uri) -> Context {
    let header = headers.get(NAMESPACE).and_then(|value| value.to_str().ok());
    let before = uri.path().rsplit('/').nth(1);
    let named = header.or(before).map(str::trim).filter(|name| !name.is_empty());
    named.map_or_else(Context::none, Context::namespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(method: Method, uri: &'static str) -> Result<Route, RouteError> {
        Route::parse(&method, &Uri::from_static(uri))
    }

    #[test]
    fn routes_by_the_last_segment() {
        let decode = Route::Decode { keep_references: false };
        assert_eq!(route(Method::POST, "/decode"), Ok(decode));
        assert_eq!(route(Method::POST, "/ns/default/decode"), Ok(decode));
        assert_eq!(route(Method::POST, "/default/encode?x=decode"), Ok(Route::Encode));
        assert_eq!(route(Method::POST, "/decode/"), Err(RouteError::UnknownPath));
        assert_eq!(route(Method::POST, "/undecode"), Err(RouteError::UnknownPath));
        assert_eq!(route(Method::GET, "/decode"), Err(RouteError::WrongMethod("POST")));
        assert_eq!(route(Method::POST, "/healthz"), Err(RouteError::WrongMethod("GET")));
        assert_eq!(route(Method::HEAD, "/healthz"), Ok(Route::Health));
        assert_eq!(route(Method::GET, "/readyz"), Ok(Route::Ready));
    }

    #[test]
    fn keeps_references_by_query_but_never_in_downloads() {
        let kept = Route::Decode { keep_references: true };
        assert_eq!(route(Method::POST, "/decode?preserveStorageRefs=true"), Ok(kept));
        assert_eq!(route(Method::POST, "/decode?a=b&preservestoragerefs=True"), Ok(kept));
        let download = route(Method::POST, "/download?preserveStorageRefs=true");
        assert_eq!(download, Ok(Route::Download));
    }

    #[test]
    fn takes_the_namespace_from_the_header_or_else_the_path() {
        let mut headers = HeaderMap::new();
        let uri = Uri::from_static("/codec/payments/decode");
        assert_eq!(context(&headers, &uri).namespace_name(), Some("payments"));
        assert_eq!(context(&headers, &Uri::from_static("/decode")).namespace_name(), None);
        headers.insert(NAMESPACE, "orders".parse().unwrap());
        assert_eq!(context(&headers, &uri).namespace_name(), Some("orders"));
    }
}
