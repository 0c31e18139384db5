//! Rules of the builder, and of URLs.

use cloakroom_core::{ErrorKind, Service as _, ServiceRequest};

use super::*;

fn service(url: &str) -> HttpService {
    HttpService::builder(url).build().unwrap()
}

#[track_caller]
fn refuses(builder: HttpServiceBuilder, says: &str) {
    let error = builder.build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains(says) && !error.report().contains("s3cr3t"), "{error}");
}

#[test]
fn a_path_is_added_to_the_url_and_nothing_is_normalised() {
    for (url, prefix) in [
        ("https://store.example", "https://store.example/"),
        ("HTTPS://Store.Example:443/v1", "https://store.example/v1/"),
        ("http://127.0.0.1:9000/a/b/", "http://127.0.0.1:9000/a/b/"),
    ] {
        let service = service(url);
        assert_eq!(service.url(), prefix);
        for path in ["", "o/1", "o%2F1?a=b%20c&d", "a;b=c/(d)!$&*+=:@", "?x=y?z/w"] {
            let target = service.target(path).unwrap();
            assert_eq!(target.as_str(), format!("{prefix}{path}"));
        }
        // The rules of the request have refused these before; this is the second lock of the door.
        for path in ["../x", "%2e%2e/x", "a/./b", "a b", "a\tb", "a?b=c d", "a#b\n", "..\\x"] {
            assert!(service.target(path).is_err(), "{path}");
        }
    }
}

#[test]
fn a_url_is_refused_unless_it_is_plain() {
    for (url, says) in [
        ("store.example/v1", "is not a URL"),
        ("ftp://store.example/", "is not a URL"),
        ("file:///etc/", "is not a URL"),
        ("unix:/run/x", "is not a URL"),
        ("https://user:s3cr3t@store.example/", "credentials in its URL"),
        ("https://store.example/?a=b", "a query or a fragment"),
        ("https://store.example/#a", "a query or a fragment"),
    ] {
        refuses(HttpService::builder(url), says);
    }
}

#[test]
fn headers_and_certificates_are_checked_and_not_shown() {
    let builder = || HttpService::builder("https://store.example/");
    refuses(builder().with_header("host", "s3cr3t"), "the header `host` belongs");
    refuses(builder().with_header("Transfer_Encoding", "s3cr3t"), "belongs to the connection");
    refuses(builder().with_header("a b", "s3cr3t"), "is no header's name");
    refuses(builder().with_header("a", "s3cr3t\r\nb: c"), "`a` is not printable ASCII");
    refuses(builder().with_secret_header("a", "", b"s3cr3t"), "shorter than 8 bytes");
    refuses(builder().with_secret_header("a", "", b"s3cr3t\x00-token"), "is not printable ASCII");
    refuses(builder().with_ca(b"s3cr3t"), "are not certificates");
    refuses(builder().with_client_certificate(b"s3cr3t", b"s3cr3t"), "not both PEM");
    let secret = builder().with_secret_header("a", "Bearer ", b" s3cr3t-token\n");
    assert!(!format!("{secret:?} {:?}", secret.clone().build().unwrap()).contains("s3cr3t"));
    assert!(secret == secret.clone() && secret != secret.clone().with_header("b", "c"));
}

#[test]
fn a_plugin_does_not_set_what_the_host_sets() {
    let service = HttpService::builder("https://store.example/")
        .with_secret_header("x-api-key", "", b"s3cr3t-token")
        .build()
        .unwrap();
    let build = |name: &str| {
        let request = ServiceRequest::new("PUT", "a").unwrap().with_body(vec!["ab".into()]);
        service.build(request.with_headers(vec![(name.to_owned(), "mine".to_owned())]).unwrap())
    };
    for name in ["x-api-key", "X-Api-Key", "x_api_key"] {
        let error = build(name).unwrap_err();
        assert!(error.to_string().contains("`x-api-key`, which the host sets"), "{error}");
    }
    let built = build("x-other").unwrap();
    assert_eq!(built.headers()["x-api-key"], "s3cr3t-token");
    assert_eq!(built.headers()["content-type"], "application/octet-stream");
    assert!(!format!("{built:?}").contains("s3cr3t"));
}
