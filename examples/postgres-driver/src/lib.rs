//! A driver that stores objects in a table of PostgreSQL.
//!
//! It speaks PostgreSQL's protocol over a socket that the host connects and encrypts: the plugin has no
//! TLS, no certificates and no name server. It sees one secret, because SCRAM-SHA-256 needs the password.

mod config;
mod connection;
mod failure;
mod message;
mod query;

use std::cell::RefCell;

use cloakroom_guest::{Buffer, BufferWriter, Claim, Context, Driver, Error, Setting, Settings};

use crate::{config::Config, connection::Connection, failure::Failure};

/// Digits of a SHA-256.
const KEY: usize = 64;

/// Stores objects in a table, by their SHA-256.
pub struct Postgres {
    config: Config,
    /// The connection of the call before, in an instance that is used again (`reuse = "warm"`).
    kept: RefCell<Option<Connection>>,
}

impl Driver for Postgres {
    const KIND: &'static str = "example.postgres";
    const SETTINGS: &'static [Setting] = &config::SETTINGS;

    fn configure(settings: &Settings) -> Result<Self, Error> {
        Ok(Self { config: Config::read(settings)?, kept: RefCell::default() })
    }

    /// A row that is there stays. One that holds other bytes is damaged, and is mended.
    fn store(&self, _: &Context, object: Buffer) -> Result<Claim, Error> {
        self.config.max_bytes.check(&object)?;
        let key = object.sha256_hex();
        self.ask(|connection| query::insert(connection, &self.config.table, &key, &object))?;
        Ok(Claim::new().with("key", key))
    }

    fn retrieve(&self, _: &Context, claim: &Claim) -> Result<Buffer, Error> {
        let key = claim.entry(&["key"])?;
        if key.len() != KEY || !key.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(Error::malformed("the claim's key is not a SHA-256"));
        }
        let most = self.config.max_bytes.get();
        self.ask(|connection| {
            let mut output = BufferWriter::new();
            let is_there = query::select(connection, &self.config.table, key, most, &mut output)?;
            Ok(is_there.then_some(output))
        })?
        .map(BufferWriter::finish)
        .ok_or_else(|| Error::not_found("the table has no row of this key"))
    }
}

impl Postgres {
    /// Asks the server, on the kept connection if there is one.
    ///
    /// The server may have closed it since: then it is asked once more, on a new one. Both queries may be
    /// repeated without harm.
    fn ask<T>(&self, question: impl Fn(&mut Connection) -> Result<T, Failure>) -> Result<T, Error> {
        if let Some(mut kept) = self.kept.take() {
            match question(&mut kept) {
                Err(failure) if failure.has_ended() => {}
                answer => return self.keep(kept, answer),
            }
        }
        let mut connection = Connection::open(&self.config)?;
        let answer = question(&mut connection);
        self.keep(connection, answer)
    }

    /// Keeps a connection for the next call, unless it is in the middle of an answer.
    fn keep<T>(&self, connection: Connection, answer: Result<T, Failure>) -> Result<T, Error> {
        if answer.is_ok() {
            self.kept.replace(Some(connection));
        }
        Ok(answer?)
    }
}

cloakroom_guest::export_driver!(Postgres);

#[cfg(test)]
mod tests;
