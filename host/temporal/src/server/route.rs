//! What a request asks for.

use cloakroom_core::Context;
use http::{HeaderMap, Method, Uri};

/// Where clients say whose payloads they are.
const NAMESPACE: &str = "x-namespace";

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Encode,
    Decode {
        /// Whether references stay references, in the clear.
        keep_references: bool,
    },
    Download,
    Health,
    Ready,
    Metrics,
}

/// Why there is no route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoRoute {
    Path,
    Method(&'static str),
}

impl Route {
    /// Any path may stand before the last segment: clients put a namespace there.
    pub(super) fn of(method: &Method, uri: &Uri) -> Result<Self, NoRoute> {
        let last = uri.path().rsplit('/').next().unwrap_or_default();
        let (route, allowed) = match (uri.path(), last) {
            ("/healthz", _) => (Self::Health, Method::GET),
            ("/readyz", _) => (Self::Ready, Method::GET),
            ("/metrics", _) => (Self::Metrics, Method::GET),
            (_, "encode") => (Self::Encode, Method::POST),
            (_, "decode") => {
                (Self::Decode { keep_references: keeps_references(uri) }, Method::POST)
            }
            // The Web UI sends the same query here, where it wants the object.
            (_, "download") => (Self::Download, Method::POST),
            _ => return Err(NoRoute::Path),
        };
        match *method == allowed || (allowed == Method::GET && *method == Method::HEAD) {
            true => Ok(route),
            false => Err(NoRoute::Method(if allowed == Method::GET { "GET" } else { "POST" })),
        }
    }

    /// Returns whether an orchestrator asks, which has no token.
    pub(super) fn is_probe(self) -> bool {
        matches!(self, Self::Health | Self::Ready)
    }

    /// Returns whether contents may be sent back.
    pub(super) fn shows_contents(self) -> bool {
        matches!(self, Self::Decode { .. } | Self::Download)
    }

    /// The word in logs and metrics.
    pub(super) fn word(self) -> &'static str {
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
        name.eq_ignore_ascii_case("preserveStorageRefs") && value.eq_ignore_ascii_case("true")
    })
}

/// For whom: the header, or else what stands before the last segment of the path.
pub(super) fn context(headers: &HeaderMap, uri: &Uri) -> Context {
    let header = headers.get(NAMESPACE).and_then(|value| value.to_str().ok());
    let before = uri.path().rsplit('/').nth(1);
    let named = header.or(before).map(str::trim).filter(|name| !name.is_empty());
    named.map_or_else(Context::none, Context::namespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(method: Method, uri: &'static str) -> Result<Route, NoRoute> {
        Route::of(&method, &Uri::from_static(uri))
    }

    #[test]
    fn the_last_segment_decides() {
        let decode = Route::Decode { keep_references: false };
        assert_eq!(route(Method::POST, "/decode"), Ok(decode));
        assert_eq!(route(Method::POST, "/ns/default/decode"), Ok(decode));
        assert_eq!(route(Method::POST, "/default/encode?x=decode"), Ok(Route::Encode));
        assert_eq!(route(Method::POST, "/decode/"), Err(NoRoute::Path));
        assert_eq!(route(Method::POST, "/undecode"), Err(NoRoute::Path));
        assert_eq!(route(Method::GET, "/decode"), Err(NoRoute::Method("POST")));
        assert_eq!(route(Method::POST, "/healthz"), Err(NoRoute::Method("GET")));
        assert_eq!(route(Method::HEAD, "/healthz"), Ok(Route::Health));
        assert_eq!(route(Method::GET, "/readyz"), Ok(Route::Ready));
    }

    #[test]
    fn references_stay_where_the_query_says_so_and_never_in_downloads() {
        let kept = Route::Decode { keep_references: true };
        assert_eq!(route(Method::POST, "/decode?preserveStorageRefs=true"), Ok(kept));
        assert_eq!(route(Method::POST, "/decode?a=b&preservestoragerefs=True"), Ok(kept));
        let download = route(Method::POST, "/download?preserveStorageRefs=true");
        assert_eq!(download, Ok(Route::Download));
    }

    #[test]
    fn the_header_names_the_namespace_or_the_path_does() {
        let mut headers = HeaderMap::new();
        let uri = Uri::from_static("/codec/payments/decode");
        assert_eq!(context(&headers, &uri).namespace_name(), Some("payments"));
        assert_eq!(context(&headers, &Uri::from_static("/decode")).namespace_name(), None);
        headers.insert(NAMESPACE, "orders".parse().unwrap());
        assert_eq!(context(&headers, &uri).namespace_name(), Some("orders"));
    }
}
