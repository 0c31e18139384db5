//! Tests of the stand-ins: they refuse what the host refuses.

use super::*;
use crate::{Error, blobs, http, keys, log, random, subkeys};

fn sealed(seal: fn(&str, &Buffer, &[u8]) -> Result<keys::Sealed, Error>) -> keys::Sealed {
    seal("main", &Buffer::new(b"plaintext"), b"bound").unwrap()
}

#[test]
fn nothing_is_granted_without_a_host() {
    let body = Buffer::new(b"");
    assert!(matches!(keys::seal("main", &body, &[]), Err(Error::Denied(_))));
    assert!(matches!(subkeys::derive("main", None, "", &[], 8), Err(Error::Denied(_))));
    assert!(matches!(blobs::open("b"), Err(Error::Denied(_))));
    assert!(matches!(http::open("s"), Err(Error::Denied(_))));
    let host = Host::new().with_ring("main", &["a"]);
    assert!(keys::seal("main", &body, &[]).is_ok());
    drop(host);
    assert!(matches!(keys::seal("main", &body, &[]), Err(Error::Denied(_))));
}

#[test]
fn sealed_bodies_have_the_layout_of_the_contract() {
    let _host = Host::new().with_ring("main", &["a"]);
    assert_eq!(sealed(keys::seal).data.length(), 24 + 32 + 9 + 16);
    assert_eq!(sealed(keys::seal_aes_gcm).data.length(), 12 + 9 + 16);
}

#[test]
fn keys_open_what_they_sealed_and_nothing_else() {
    let _host = Host::new().with_ring("main", &["a", "b"]);
    let one = sealed(keys::seal);
    let open = |key: &str, data: &Buffer, bound: &[u8]| keys::open("main", key, data, bound);
    assert_eq!(open("a", &one.data, b"bound").unwrap().to_vec(), b"plaintext");
    assert!(matches!(open("b", &one.data, b"bound"), Err(Error::Malformed(_))));
    assert!(matches!(open("a", &one.data, b"other"), Err(Error::Malformed(_))));
    assert!(matches!(open("c", &one.data, b"bound"), Err(Error::NotFound(_))));
    for at in 0..one.data.length() as usize {
        let mut changed = one.data.to_vec();
        changed[at] ^= 1;
        assert!(matches!(open("a", &Buffer::new(&changed), b"bound"), Err(Error::Malformed(_))));
        assert!(matches!(
            open("a", &one.data.slice(0, at as u64), b"bound"),
            Err(Error::Malformed(_))
        ));
    }
    let plain = sealed(keys::seal_aes_gcm);
    assert!(matches!(open("a", &plain.data, b"bound"), Err(Error::Malformed(_))));
    let opened = keys::open_aes_gcm("main", "a", &plain.data, b"bound").unwrap();
    assert_eq!(opened.to_vec(), b"plaintext");
    // Neither layout opens as the other, although the key is the same.
    let opened = keys::open_aes_gcm("main", "a", &one.data, b"bound");
    assert!(matches!(opened, Err(Error::Malformed(_))));
}

#[test]
fn only_repeatable_seals_repeat() {
    let _host = Host::new().with_ring("main", &["a"]);
    let twice = |seal| [sealed(seal).data.to_vec(), sealed(seal).data.to_vec()];
    let [one, two] = twice(keys::seal_repeatably);
    assert_eq!(one, two);
    let [one, two] = twice(keys::seal);
    assert_ne!(one, two);
    assert_ne!(random::draw(40), random::draw(40));
    assert_eq!(random::draw(40).len(), 40);
}

#[test]
fn a_rotated_ring_opens_old_bodies() {
    let host = Host::new().with_ring("main", &["old"]);
    let one = sealed(keys::seal);
    let _host = host.with_ring("main", &["new", "old"]);
    assert_eq!(sealed(keys::seal).key, "new");
    assert!(keys::open("main", &one.key, &one.data, b"bound").is_ok());
}

#[test]
fn subkeys_depend_on_all_that_they_are_derived_from() {
    let _host = Host::new().with_ring("main", &["a", "b"]);
    let derive = |id, purpose, salt: &[u8]| {
        subkeys::derive("main", Some(id), purpose, salt, 64).unwrap().bytes
    };
    let one = derive("a", "p", b"s");
    assert_eq!(one.len(), 64);
    assert_eq!(one, derive("a", "p", b"s"));
    for other in [derive("b", "p", b"s"), derive("a", "q", b"s"), derive("a", "p", b"t")] {
        assert_ne!(one, other);
    }
    assert_eq!(subkeys::derive("main", None, "p", b"s", 8).unwrap().id, "a");
}

#[test]
fn a_bucket_does_as_the_contract_says() {
    let host = Host::new().with_bucket("b", "store");
    let bucket = blobs::open("b").unwrap();
    assert_eq!(blobs::find("store").unwrap().name(), "store");
    assert!(matches!(blobs::find("b"), Err(Error::Denied(_))));
    let put = |key: &str, body: &[u8], mode| bucket.put(key, &Buffer::new(body), mode);
    assert_eq!(put("a/1", b"one", blobs::Mode::Create), Ok(blobs::Outcome::Written));
    assert_eq!(put("a/1", b"two", blobs::Mode::Create), Ok(blobs::Outcome::AlreadyThere));
    assert_eq!(bucket.get("a/1", 3).unwrap().to_vec(), b"one");
    assert_eq!(put("a/1", b"other", blobs::Mode::Overwrite), Ok(blobs::Outcome::Written));
    assert!(matches!(bucket.get("a/1", 4), Err(Error::TooLarge(_))));
    assert_eq!(bucket.size("a/1"), Ok(Some(5)));
    assert_eq!(bucket.size("a/2"), Ok(None));
    for key in ["", "a//b", "a/../b", "./a"] {
        assert!(matches!(put(key, b"", blobs::Mode::Create), Err(Error::Denied(_))), "{key}");
    }
    put("a/2", b"", blobs::Mode::Create).unwrap();
    assert_eq!(bucket.list("a/", Some("a/1")), Ok(vec!["a/2".to_owned()]));
    bucket.remove("a/1").unwrap();
    assert!(matches!(bucket.get("a/1", 9), Err(Error::NotFound(_))));
    assert_eq!(host.keys("b"), ["a/2"]);
}

#[test]
fn lines_are_kept_for_the_test() {
    let host = Host::new();
    log::write(log::Level::Warn, "three coats");
    assert_eq!(host.log(), ["Warn: three coats"]);
}

#[test]
fn no_bytes_are_shown() {
    let _host = Host::new().with_ring("main", &["a"]);
    let payload = payload(b"canary");
    let shown = format!("{payload:?} {:?} {:?}", payload.data(), sealed(keys::seal));
    assert!(!shown.contains("canary") && !shown.contains("99, 97"), "{shown}");
}

#[test]
fn services_refuse_what_the_host_refuses() {
    let _host = Host::new().with_object_service("s");
    let service = http::open("s").unwrap();
    let ask = |method: &str, path: &str, name: &str| {
        let headers = [(name.to_owned(), "x".to_owned())];
        service.request(method, path, &headers, None, 9)
    };
    assert_eq!(ask("GET", "a/b%2Fc?d=e", "x-name").unwrap().status, 404);
    for path in ["/a", "a//b", "../a", "a/%2e%2E/b", "a%2f..", "..;/a", "a b", "a#b", "a\\b", "é"]
    {
        assert!(matches!(ask("GET", path, "x-name"), Err(Error::Denied(_))), "{path}");
    }
    for method in ["TRACE", "CONNECT", "get", ""] {
        assert!(matches!(ask(method, "a", "x-name"), Err(Error::Denied(_))), "{method}");
    }
    for name in ["Host", "content_length", "proxy-authorization", "a b", ""] {
        assert!(matches!(ask("GET", "a", name), Err(Error::Denied(_))), "{name}");
    }
}

#[test]
fn a_response_has_names_in_lower_case_and_is_bounded() {
    let answer =
        Response { headers: vec![("ETag".into(), "1".into())], ..Response::new(203, b"four") };
    let _host = Host::new().with_service("s", move |_| answer.clone());
    let ask = |limit| http::open("s").unwrap().request("GET", "", &[], None, limit);
    let answer = ask(4).unwrap();
    assert_eq!((answer.status, answer.headers), (203, vec![("etag".into(), "1".into())]));
    assert!(matches!(ask(3), Err(Error::TooLarge(_))));
}
