//! Objects in Redis, as Temporal's sample driver lays them out.
//!
//! It speaks Redis' protocol itself, over a connection that it was granted: the proof that a driver
//! can reach any backend, and needs nothing of the host's for it.

mod key;
mod resp;

use std::{
    io::{BufReader, Write},
    net::{SocketAddr, TcpStream},
};

use cloakroom_guest::{Buffer, Claim, Context, Driver, Error, Output, Target, settings};

use crate::{
    key::object_key,
    resp::{Failure, Reply},
};

/// Keeps objects in Redis.
pub struct Redis;

/// As the sample driver.
const LARGEST: u64 = 50 << 20;
const PREFIX: &str = "temporalio:payloads";

impl Driver for Redis {
    const KIND: &'static str = "redis";
    const SETTINGS: &'static [&'static str] = &["address", "max_bytes", "prefix", "ttl_seconds"];

    fn check() -> Result<(), Error> {
        address()?;
        largest()?;
        ttl().map(drop)
    }

    /// An object that is there stays, and so does its time to live.
    fn store(ctx: &Context, object: Buffer) -> Result<Claim, Error> {
        let (size, largest) = (object.length(), largest()?);
        if largest < size {
            return Err(Error::TooLarge(format!(
                "the object has {size} bytes, and the most is {largest} (setting `max_bytes`)"
            )));
        }
        let digest = object.sha256_hex();
        let key = object_key(&prefix(), &Target::of(ctx), &digest);
        let mut after = vec!["NX".to_owned()];
        if let Some(seconds) = ttl()? {
            after.extend(["EX".to_owned(), seconds.to_string()]);
        }
        let mut stream = connect()?;
        let sent = resp::set(&mut stream, &key, &object, &after).and_then(|()| stream.flush());
        // A server that refuses may hang up before it has read all, and still says why.
        let reply = resp::reply(&mut BufReader::new(&stream), 0, &mut Output::new());
        match (reply, sent) {
            (Ok(Reply::Done | Reply::Nothing), Ok(())) => {
                let claim = Claim::new().with("key", key);
                Ok(claim.with("hash_algorithm", "sha256").with("hash_value", digest))
            }
            (Err(Failure::Refused(why)), _) => Err(refused(&why)),
            _ => Err(lost()),
        }
    }

    fn retrieve(_: &Context, claim: Claim) -> Result<Buffer, Error> {
        let key = claim.entry(&["key"])?;
        // Redis has no grants of its own: other people's keys are not for a claim to name.
        if !key.starts_with(&format!("{}v0:", prefix())) {
            return Err(Error::Denied("the claim's key is not below `prefix`".to_owned()));
        }
        let mut stream = connect()?;
        resp::get(&mut stream, key).map_err(|_| lost())?;
        let mut output = Output::new();
        match resp::reply(&mut BufReader::new(&stream), largest()?, &mut output) {
            Ok(Reply::Bytes) => Ok(output.finish()),
            Ok(Reply::Nothing) => Err(Error::NotFound(
                "Redis has no such key: was it evicted, or did it expire (`ttl_seconds`)?"
                    .to_owned(),
            )),
            Err(Failure::Refused(why)) => Err(refused(&why)),
            Err(Failure::TooLarge) => {
                Err(Error::TooLarge("the object is larger than `max_bytes`".to_owned()))
            }
            Ok(Reply::Done) | Err(Failure::Lost) => Err(lost()),
        }
    }
}

fn connect() -> Result<TcpStream, Error> {
    let address = address()?;
    TcpStream::connect(address).map_err(|error| match error.kind() {
        std::io::ErrorKind::PermissionDenied => {
            Error::Denied(format!("no connection to {address}: is it in `grants.tcp`?"))
        }
        kind => Error::Unavailable(format!("no connection to {address}: {kind}")),
    })
}

fn refused(why: &str) -> Error {
    let text = format!("Redis refused: {why}");
    match why.split(' ').next() {
        Some("NOAUTH" | "NOPERM" | "WRONGTYPE") => Error::Denied(text),
        // Out of memory, loading, a replica without its primary: these pass.
        _ => Error::Unavailable(text),
    }
}

fn lost() -> Error {
    Error::Unavailable("the connection to Redis was lost".to_owned())
}

fn address() -> Result<SocketAddr, Error> {
    let text = settings::required("address")?;
    text.parse().map_err(|_| {
        Error::Misconfigured(
            "setting `address` must be an address and a port, such as 127.0.0.1:6379".to_owned(),
        )
    })
}

fn largest() -> Result<u64, Error> {
    settings::number("max_bytes", 1..=512 << 20, LARGEST)
}

fn ttl() -> Result<Option<u64>, Error> {
    match settings::text("ttl_seconds") {
        None => Ok(None),
        Some(_) => settings::number("ttl_seconds", 1..=u64::from(u32::MAX), 1).map(Some),
    }
}

/// What every key starts with, with the colon behind it.
fn prefix() -> String {
    let prefix = settings::text("prefix").unwrap_or_else(|| PREFIX.to_owned());
    match prefix.trim_end_matches(':') {
        "" => String::new(),
        prefix => format!("{prefix}:"),
    }
}

cloakroom_guest::export_driver!(Redis);
