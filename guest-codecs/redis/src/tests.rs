//! Tests of the driver as the host calls it, against a server that answers one line.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread::{self, JoinHandle},
};

use cloakroom_guest::{Buffer, Claim, Driver, Error, Target, testing};

use super::Redis;

/// Answers one connection after `asked` was read from it. Returns what was read.
fn server(asked: usize, answer: &'static [u8]) -> (String, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let served = thread::spawn(move || {
        let (mut stream, _): (TcpStream, _) = listener.accept().unwrap();
        let mut read = vec![0; asked];
        stream.read_exact(&mut read).unwrap();
        stream.write_all(answer).unwrap();
        read
    });
    (address, served)
}

fn load(settings: &[(&str, &str)]) -> Result<Redis, Error> {
    Redis::load(&settings.iter().copied().collect())
}

fn store(answer: &'static [u8]) -> (Result<Claim, Error>, String) {
    let digest = Buffer::new(b"object").sha256_hex();
    let key = format!("p:v0:d:sha256:{digest}");
    let asked = format!(
        "*6\r\n$3\r\nSET\r\n${}\r\n{key}\r\n$6\r\nobject\r\n$2\r\nNX\r\n$2\r\nEX\r\n$2\r\n60\r\n",
        key.len()
    );
    let (address, served) = server(asked.len(), answer);
    let settings = [("address", &*address), ("prefix", "p"), ("ttl_seconds", "60")];
    let ctx = testing::context(Target::default());
    let claim = load(&settings).unwrap().store(&ctx, Buffer::new(b"object"));
    assert_eq!(String::from_utf8(served.join().unwrap()).unwrap(), asked);
    (claim, key)
}

fn retrieve(answer: &'static [u8]) -> Result<Vec<u8>, Error> {
    let (address, _served) = server(1, answer);
    let settings = [("address", &*address), ("prefix", "p"), ("max_bytes", "6")];
    let claim = Claim::new().with("key", "p:v0:x");
    let ctx = testing::context(Target::default());
    load(&settings).unwrap().retrieve(&ctx, &claim).map(|object| object.to_vec())
}

#[test]
fn stores_unless_it_is_there() {
    for answer in [&b"+OK\r\n"[..], b"$-1\r\n"] {
        let (claim, key) = store(answer);
        assert_eq!(claim.unwrap().entry(&["key"]), Ok(&*key));
    }
    assert!(matches!(store(b"-OOM full\r\n").0, Err(Error::Unavailable(_))));
    assert!(matches!(store(b"-NOAUTH no\r\n").0, Err(Error::Denied(_))));
    assert!(matches!(store(b"").0, Err(Error::Unavailable(_))));
}

/// Logs in with these settings, against a server that answers `answer`, and returns what it was sent.
fn log_in(user: Option<&str>, answer: &'static [u8], asked: &str) -> Option<Error> {
    let _host = testing::Host::new().with_secret("redis", b"canary");
    let (address, served) = server(asked.len(), answer);
    let mut settings = vec![("address", &*address), ("password_secret", "redis")];
    settings.extend(user.map(|user| ("user", user)));
    let claim = Claim::new().with("key", "temporalio:payloads:v0:x");
    let ctx = testing::context(Target::default());
    let answered = load(&settings).unwrap().retrieve(&ctx, &claim);
    assert_eq!(String::from_utf8(served.join().unwrap()).unwrap(), asked);
    answered.err()
}

#[test]
fn logs_in_before_anything_else() {
    let password = "*2\r\n$4\r\nAUTH\r\n$6\r\ncanary\r\n";
    let user = "*3\r\n$4\r\nAUTH\r\n$5\r\nalice\r\n$6\r\ncanary\r\n";
    for (name, asked) in [(None, password), (Some("alice"), user)] {
        let lost = log_in(name, b"+OK\r\n", asked);
        assert!(matches!(lost, Some(Error::Unavailable(_))), "{lost:?}");
        let refused = log_in(name, b"-WRONGPASS not canary\r\n", asked).unwrap();
        assert_eq!(refused, Error::denied("Redis refused user and password: WRONGPASS"));
        // A server that sends the password back.
        let refused = log_in(name, b"-canary\r\n", asked).unwrap();
        assert_eq!(refused, Error::denied("Redis refused user and password: no such login"));
    }
}

#[test]
fn a_login_needs_a_secret_that_is_granted() {
    let settings = [("address", "127.0.0.1:1"), ("password_secret", "redis")];
    assert!(matches!(load(&settings).err(), Some(Error::Denied(_))));
    let settings = [("address", "127.0.0.1:1"), ("user", "alice")];
    assert!(matches!(load(&settings).err(), Some(Error::Misconfigured(_))));
}

#[test]
fn retrieves_what_is_there() {
    assert_eq!(retrieve(b"$6\r\nobject\r\n").unwrap(), b"object");
    assert!(matches!(retrieve(b"$-1\r\n"), Err(Error::NotFound(_))));
    assert!(matches!(retrieve(b"$7\r\nobjects\r\n"), Err(Error::TooLarge(_))));
    assert!(matches!(retrieve(b"$6\r\nobj"), Err(Error::Unavailable(_))));
}

#[test]
fn claims_of_other_keys_are_denied_without_a_connection() {
    let driver = load(&[("address", "127.0.0.1:1"), ("prefix", "p")]).unwrap();
    let ctx = testing::context(Target::default());
    for key in ["q:v0:x", "p:v1:x", "pv0:x"] {
        let claim = Claim::new().with("key", key);
        assert!(matches!(driver.retrieve(&ctx, &claim), Err(Error::Denied(_))), "{key}");
    }
    assert!(matches!(driver.retrieve(&ctx, &Claim::new()), Err(Error::Malformed(_))));
}

#[test]
fn settings_that_cannot_work_are_refused() {
    let refused = |name: &str, value: &str| {
        load(&[("address", "127.0.0.1:1"), (name, value)]).err().map(|error| error.to_string())
    };
    assert_eq!(refused("prefix", ""), None);
    assert_eq!(refused("ttl_seconds", "60"), None);
    for (name, value) in [("ttl_seconds", "0"), ("max_bytes", "0"), ("max_bytes", "536870913")] {
        assert!(refused(name, value).unwrap().contains("must be a number from 1"), "{name}");
    }
    let error = load(&[("address", "localhost")]).err();
    let text = "setting `address` must be a name or an address, and a port, such as 127.0.0.1:6379";
    assert_eq!(error, Some(Error::misconfigured(text)));
    let error = load(&[("address", "127.0.0.1:1"), ("adress", "x")]).err();
    let text = "unknown setting `adress`: did you mean `address`?";
    assert_eq!(error, Some(Error::misconfigured(text)));
}
