//! Check that a request to a server without tokens comes straight from this machine.

use std::net::IpAddr;

use cloakroom_core::clean;
use http::{HeaderMap, HeaderName, Request, Version, header::HOST};

/// The most characters of a host in an answer or the log.
const LONGEST_HOST: usize = 100;

/// Headers that proxies add, and those that begin so.
const ADDED: [&str; 8] = [
    "forwarded",
    "via",
    "x-real-ip",
    "x-client-ip",
    "true-client-ip",
    "cf-connecting-ip",
    "x-original-host",
    "x-amzn-trace-id",
];
const ADDED_PREFIXES: [&str; 3] = ["x-forwarded-", "x-envoy-", "x-original-forwarded-"];

/// Returns why a request may come from elsewhere: through a proxy, or from a web page whose name
/// was pointed at this machine. Browsers and Temporal's command line speak HTTP/1.1 and name this
/// machine. A proxy can be set up so that it shows nothing of itself.
pub(super) fn why_indirect<T>(request: &Request<T>) -> Option<String> {
    if let Some(name) = added(request.headers()) {
        return Some(format!("the request came through a proxy (it has the header `{name}`)"));
    }
    if request.version() < Version::HTTP_11 {
        return Some("the request came through a proxy (it is HTTP/1.0)".to_owned());
    }
    let uri = request.uri().host().map(str::to_owned);
    let headers = request.headers().get_all(HOST).iter();
    let hosts = headers.map(|host| String::from_utf8_lossy(host.as_bytes()).into_owned());
    let foreign = uri.into_iter().chain(hosts).find(|host| !is_this_machine(host))?;
    let foreign = clean(&foreign, LONGEST_HOST);
    Some(format!("the request is for the host `{foreign}`, which is not a name of loopback"))
}

fn added(headers: &HeaderMap) -> Option<&HeaderName> {
    headers.keys().find(|name| {
        let name = name.as_str();
        ADDED.contains(&name) || ADDED_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
    })
}

/// Returns whether the host of a URL, with or without a port, is a loopback address or `localhost`.
fn is_this_machine(host: &str) -> bool {
    let bare = match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
        Some((address, _)) => address,
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    match bare.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => {
            let name = bare.to_ascii_lowercase();
            name == "localhost" || name.ends_with(".localhost")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(&str, &str)], part: Option<&str>) {
        let mut request = Request::builder().uri("/decode");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let why = why_indirect(&request.body(()).unwrap());
        match part {
            None => assert_eq!(why, None, "{headers:?}"),
            Some(part) => assert!(why.as_deref().unwrap().contains(part), "{why:?}"),
        }
    }

    #[test]
    fn a_proxy_is_known_by_what_it_adds() {
        let host = ("host", "127.0.0.1:8081");
        check(&[host], None);
        check(&[host, ("X-Forwarded-For", "10.0.0.1")], Some("`x-forwarded-for`"));
        check(&[host, ("Forwarded", "for=10.0.0.1")], Some("`forwarded`"));
        check(&[host, ("X-Real-IP", "10.0.0.1")], Some("`x-real-ip`"));
        check(&[host, ("Via", "1.1 proxy")], Some("`via`"));
        check(&[host, ("x-envoy-expected-rq-timeout-ms", "15000")], Some("`x-envoy-"));
        let old = Request::builder().version(Version::HTTP_10).header("host", "localhost");
        assert!(why_indirect(&old.body(()).unwrap()).unwrap().contains("HTTP/1.0"));
    }

    #[test]
    fn a_host_is_a_name_of_loopback() {
        for host in ["localhost", "LOCALHOST:8081", "ui.localhost:1", "127.9.9.9", "[::1]:8081"] {
            check(&[("host", host)], None);
        }
        for host in ["evil.example:8081", "0.0.0.0:8081", "10.0.0.1", "localhost.evil", "[::]", ""]
        {
            check(&[("host", host)], Some("not a name of loopback"));
        }
        // Both have to be: a proxy may look at either.
        check(&[("host", "localhost"), ("host", "evil.example")], Some("evil.example"));
        let uri = Request::builder().uri("http://evil.example/decode").header("host", "localhost");
        assert!(why_indirect(&uri.body(()).unwrap()).unwrap().contains("evil.example"));
    }
}
