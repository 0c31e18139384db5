//! A connection that is logged in.

use std::{
    io::{self, BufReader, Write as _},
    net::TcpStream,
};

use bytes::BytesMut;
use cloakroom_guest::Error;
use postgres_protocol::{
    authentication::sasl::{ChannelBinding, SCRAM_SHA_256, ScramSha256},
    message::frontend,
};

use crate::{
    config::Config,
    failure::Failure,
    message::{self, Head},
};

/// A connection that is ready for queries.
pub(crate) struct Connection {
    pub(crate) input: BufReader<TcpStream>,
}

impl Connection {
    /// Connects and logs in. No time limits: the host ends the call.
    ///
    /// # Errors
    /// `Denied` if the host or the server refuses, `Unavailable` if there is no server.
    pub(crate) fn open(config: &Config) -> Result<Self, Error> {
        let address = &*config.address;
        let stream = TcpStream::connect(address).map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied => Error::denied(format!(
                "no connection to {address}: is it in `grants.tcp`, and is its certificate valid?"
            )),
            kind => Error::unavailable(format!("no connection to {address}: {kind}")),
        })?;
        let mut connection = Self { input: BufReader::new(stream) };
        connection.log_in(config)?;
        Ok(connection)
    }

    /// Sends messages.
    pub(crate) fn send(&mut self, messages: &[u8]) -> io::Result<()> {
        self.input.get_mut().write_all(messages)
    }

    fn log_in(&mut self, config: &Config) -> Result<(), Failure> {
        let parameters = [
            ("user", &*config.user),
            ("database", &*config.database),
            ("application_name", "cloakroom"),
        ];
        let mut messages = BytesMut::new();
        frontend::startup_message(parameters, &mut messages)?;
        self.send(&messages)?;

        let mechanisms = self.challenge(SASL)?;
        let mut mechanisms = mechanisms.split(|byte| *byte == 0);
        if !mechanisms.any(|mechanism| mechanism == SCRAM_SHA_256.as_bytes()) {
            return Err(Failure::WeakLogin);
        }
        // Binding to the channel needs the server's certificate, which the host has seen and checked.
        let mut scram = ScramSha256::new(&config.password, ChannelBinding::unsupported());
        let mut messages = BytesMut::new();
        frontend::sasl_initial_response(SCRAM_SHA_256, scram.message(), &mut messages)?;
        self.send(&messages)?;
        scram.update(&self.challenge(SASL_CONTINUE)?)?;
        let mut messages = BytesMut::new();
        frontend::sasl_response(scram.message(), &mut messages)?;
        self.send(&messages)?;
        // The server proves in turn that it knows the password.
        let proof = self.challenge(SASL_FINAL)?;
        scram.finish(&proof).map_err(|_| Failure::WrongServer)?;
        self.challenge(OK)?;
        self.wait_until_ready()
    }

    /// Reads the next step of the login, which must be `step`.
    fn challenge(&mut self, step: u32) -> Result<Vec<u8>, Failure> {
        let head = message::next(&mut self.input)?;
        if head.tag != b'R' {
            return Err(Failure::Nonsense);
        }
        let mut body = message::body(&mut self.input, head)?;
        let (kind, _) = body.split_first_chunk().ok_or(Failure::Nonsense)?;
        // Nothing at all, in the clear, or by MD5.
        match u32::from_be_bytes(*kind) {
            found if found == step => Ok(body.split_off(4)),
            _ if step == SASL => Err(Failure::WeakLogin),
            _ => Err(Failure::Nonsense),
        }
    }

    /// Reads until the server takes queries.
    pub(crate) fn wait_until_ready(&mut self) -> Result<(), Failure> {
        loop {
            let head: Head = message::next(&mut self.input)?;
            message::body(&mut self.input, head)?;
            if head.tag == b'Z' {
                return Ok(());
            }
        }
    }
}

/// Steps of a login.
const OK: u32 = 0;
const SASL: u32 = 10;
const SASL_CONTINUE: u32 = 11;
const SASL_FINAL: u32 = 12;
