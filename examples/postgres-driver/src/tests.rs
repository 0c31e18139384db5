//! Tests of the driver as the host calls it. Against a real server it is tested in `tests/it/postgres.rs`.

use std::{
    io::{Read, Write},
    net::TcpListener,
    thread::{self, JoinHandle},
};

use cloakroom_guest::{Claim, Driver, Error, Target, testing};

use super::Postgres;

fn load(address: &str, more: &[(&str, &str)]) -> Result<Postgres, Error> {
    let _host = testing::Host::new().with_secret("db", b"canary");
    let settings = [
        ("address", address),
        ("user", "cloakroom"),
        ("database", "payloads"),
        ("password_secret", "db"),
    ];
    // A later setting of one name does not replace the first one.
    Postgres::load(&more.iter().chain(&settings).copied().collect())
}

fn retrieve(driver: &Postgres, key: &str) -> Error {
    let ctx = testing::context(Target::default());
    driver.retrieve(&ctx, &Claim::new().with("key", key)).unwrap_err()
}

/// Answers a startup message, and returns everything that it was sent.
fn server(answer: &'static [u8]) -> (String, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let served = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut sent = vec![0; 8];
        stream.read_exact(&mut sent).unwrap();
        stream.write_all(answer).unwrap();
        stream.read_to_end(&mut sent).unwrap();
        sent
    });
    (address, served)
}

#[test]
fn settings_that_cannot_work_are_refused() {
    for table in ["objects; DROP TABLE users", "\"objects\"", "a.b.c", "", "Objects", "1st"] {
        let refused = load("127.0.0.1:1", &[("table", table)]).err();
        assert!(matches!(refused, Some(Error::Misconfigured(_))), "{table}: {refused:?}");
    }
    assert!(load("127.0.0.1:1", &[("table", "kept.objects_2")]).is_ok());
    let refused = load("127.0.0.1:1", &[("password_secret", "another")]).err();
    assert!(matches!(refused, Some(Error::Denied(_))), "{refused:?}");
}

#[test]
fn forged_claims_are_refused_without_a_connection() {
    let driver = load("127.0.0.1:1", &[]).unwrap();
    for key in ["", "abc", &"A".repeat(64), &"0".repeat(65)] {
        assert!(matches!(retrieve(&driver, key), Error::Malformed(_)), "{key}");
    }
}

/// A server that asks for the password in the clear, or by MD5, or for none, gets nothing.
#[test]
fn the_password_is_never_sent() {
    for weak in [
        &b"R\0\0\0\x08\0\0\0\x03"[..],
        b"R\0\0\0\x0c\0\0\0\x05salt",
        b"R\0\0\0\x08\0\0\0\0",
        b"R\0\0\0\x14\0\0\0\x0aOTHER-MECH\0\0",
    ] {
        let (address, served) = server(weak);
        let driver = load(&address, &[]).unwrap();
        let refused = retrieve(&driver, &"0".repeat(64));
        assert!(matches!(refused, Error::Denied(_)), "{refused:?}");
        let sent = String::from_utf8_lossy(&served.join().unwrap()).into_owned();
        assert!(sent.contains("cloakroom") && !sent.contains("canary"), "{sent:?}");
    }
}
