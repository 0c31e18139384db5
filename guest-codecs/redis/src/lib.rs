//! Driver for Redis. Objects are laid out as by Temporal's sample driver.
//!
//! The driver speaks Redis' protocol over a connection that it was granted: it shows that a driver can
//! reach any backend without help from the host.

mod config;
mod key;
mod resp;

use std::{
    io::{self, BufReader, Write},
    net::TcpStream,
};

use cloakroom_guest::{Buffer, BufferWriter, Claim, Context, Driver, Error, Setting, Settings};

use crate::{
    config::{Config, Login},
    key::object_key,
    resp::{Failure, Reply},
};

/// Stores objects in Redis.
pub struct Redis {
    config: Config,
}

impl Driver for Redis {
    const KIND: &'static str = "redis";
    const SETTINGS: &'static [Setting] = &config::SETTINGS;

    fn configure(settings: &Settings) -> Result<Self, Error> {
        Ok(Self { config: Config::read(settings)? })
    }

    /// An object that is there stays, and so does its time to live.
    fn store(&self, ctx: &Context, object: Buffer) -> Result<Claim, Error> {
        self.config.max_bytes.check(&object)?;
        let digest = object.sha256_hex();
        let key = object_key(&self.config.prefix, &ctx.into(), &digest);
        let mut options = vec!["NX".to_owned()];
        if let Some(seconds) = self.config.ttl_seconds {
            options.extend(["EX".to_owned(), seconds.to_string()]);
        }
        // A connection for each call, because a fresh instance has none to keep. No time limits:
        // the host ends the call.
        let mut stream = self.connect()?;
        let sent = resp::set(&mut stream, &key, &object, &options).and_then(|()| stream.flush());
        // A server that refuses may hang up before it has read everything, and still says why.
        let reply = resp::reply(&mut BufReader::new(&stream), 0, &mut BufferWriter::new());
        match (reply, sent) {
            (Ok(Reply::Done | Reply::Nothing), Ok(())) => {
                let claim = Claim::new().with("key", key);
                Ok(claim.with("hash_algorithm", "sha256").with("hash_value", digest))
            }
            (Err(Failure::Refused(reason)), _) => Err(refused(&reason)),
            _ => Err(connection_lost()),
        }
    }

    fn retrieve(&self, _: &Context, claim: &Claim) -> Result<Buffer, Error> {
        let key = claim.entry(&["key"])?;
        // Redis has no grants of its own, so a forged claim must not reach the keys of others.
        if !key.starts_with(&format!("{}v0:", self.config.prefix)) {
            return Err(Error::denied("the claim's key is not below `prefix`"));
        }
        let mut stream = self.connect()?;
        resp::get(&mut stream, key).map_err(|_| connection_lost())?;
        let mut output = BufferWriter::new();
        let most = self.config.max_bytes.get();
        match resp::reply(&mut BufReader::new(&stream), most, &mut output) {
            Ok(Reply::Bytes) => Ok(output.finish()),
            Ok(Reply::Nothing) => Err(Error::not_found(
                "Redis has no such key: was it evicted, or did it expire (`ttl_seconds`)?",
            )),
            Err(Failure::Refused(reason)) => Err(refused(&reason)),
            Err(Failure::TooLarge) => {
                Err(Error::too_large("the object is larger than `max_bytes`"))
            }
            Ok(Reply::Done) | Err(Failure::Lost) => Err(connection_lost()),
        }
    }
}

impl Redis {
    /// Connects and logs in. The host resolves a name and encrypts, if the grant says so.
    fn connect(&self) -> Result<TcpStream, Error> {
        let address = &*self.config.address;
        let stream = TcpStream::connect(address).map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied => Error::denied(format!(
                "no connection to {address}: is it in `grants.tcp`, and is its certificate valid?"
            )),
            kind => Error::unavailable(format!("no connection to {address}: {kind}")),
        })?;
        if let Some(login) = &self.config.login {
            log_in(&stream, login)?;
        }
        Ok(stream)
    }
}

/// Logs in before anything else is sent: a server closes the connection of a stranger who sends more than
/// 16 KiB, and its reason is lost then.
fn log_in(mut stream: &TcpStream, login: &Login) -> Result<(), Error> {
    resp::auth(&mut stream, login.user.as_deref(), &login.password)
        .map_err(|_| connection_lost())?;
    match resp::reply(&mut BufReader::new(stream), 0, &mut BufferWriter::new()) {
        Ok(Reply::Done) => Ok(()),
        // Its code alone. A server that is not Redis could send the password back.
        Err(Failure::Refused(reason)) => {
            let code = reason.split(' ').next().unwrap_or_default();
            let code = if matches!(code, "WRONGPASS" | "NOPERM") { code } else { "no such login" };
            Err(Error::denied(format!("Redis refused user and password: {code}")))
        }
        _ => Err(connection_lost()),
    }
}

fn refused(reason: &str) -> Error {
    let text = format!("Redis refused: {reason}");
    match reason.split(' ').next() {
        Some("NOAUTH") => Error::denied("Redis wants a login: set `password_secret`, and `user`"),
        Some("NOPERM" | "WRONGTYPE") => Error::Denied(text),
        // Out of memory, loading, a replica without its primary: these pass.
        _ => Error::Unavailable(text),
    }
}

fn connection_lost() -> Error {
    Error::unavailable("the connection to Redis was lost")
}

cloakroom_guest::export_driver!(Redis);

#[cfg(test)]
mod tests;
