//! Callers of a gateway, and TLS on both sides, from its table in the configuration.

use std::path::Path;

use cloakroom_core::{Error, ErrorKind};
use cloakroom_temporal::gateway::{Auth, Callers, ClientTls, Identity, ServerTls};
use zeroize::Zeroizing;

use crate::{
    config::{CallerTlsEntry, JwtEntry, Secret, UpstreamTlsEntry, read_secret},
    signed_tokens::{in_file, read_guarded, with_signed_tokens},
};

/// Table of a gateway, and the folder that its paths start from.
#[derive(Clone, Copy)]
pub(crate) struct Access<'a> {
    /// Name of the table, in errors.
    pub(crate) table: &'static str,
    pub(crate) folder: &'a Path,
}

impl Access<'_> {
    /// Names the table in an error about settings that contradict each other.
    pub(crate) fn in_table(&self, error: Error) -> Error {
        error.wrapped(ErrorKind::Config, format!("[{}]", self.table))
    }

    /// Returns the callers that may connect. May block.
    ///
    /// # Errors
    /// `Config` if a file cannot be read or used, or others could replace it, or two identities could not
    /// be told apart.
    pub(crate) fn callers(
        &self,
        identities: Vec<Identity>,
        jwt: Option<&JwtEntry>,
        tls: Option<&CallerTlsEntry>,
    ) -> Result<Callers, Error> {
        let tls = tls.map(|tls| self.server_tls(tls)).transpose()?;
        Callers::new(identities, self.signed(jwt)?, tls).map_err(|error| self.in_table(error))
    }

    /// Returns the keys that verify signed tokens. May block.
    ///
    /// # Errors
    /// `Config`.
    pub(crate) fn signed(&self, jwt: Option<&JwtEntry>) -> Result<Auth, Error> {
        match jwt {
            Some(jwt) => with_signed_tokens(Auth::default(), jwt, self.table, self.folder),
            None => Ok(Auth::default()),
        }
    }

    /// Returns an identity with its token, if it has one. May block.
    ///
    /// # Errors
    /// `Config` if the token cannot be read, or is too short.
    pub(crate) fn with_token(
        &self,
        identity: Identity,
        token: Option<&Secret>,
    ) -> Result<Identity, Error> {
        let Some(secret) = token else { return Ok(identity) };
        let place = format!("{}.identity `{}` `token`", self.table, identity.name());
        let token = self.read_text(&place, secret)?;
        identity.with_token(&token).map_err(|error| error.wrapped(ErrorKind::Config, place))
    }

    fn server_tls(&self, entry: &CallerTlsEntry) -> Result<ServerTls, Error> {
        let (key, folder) = (format!("{}.tls", self.table), self.folder);
        let certificate = folder.join(&entry.certificate);
        let pair = (read(&key, &certificate)?, read(&key, &folder.join(&entry.key))?);
        let tls = ServerTls::new(&pair.0, &Zeroizing::new(pair.1));
        let tls = tls.map_err(|error| in_file(&key, &certificate, error))?;
        let Some(path) = &entry.client_ca else { return Ok(tls) };
        let (key, path) = (key + ".client_ca", folder.join(path));
        let authorities = read(&key, &path)?;
        tls.with_client_authorities(&authorities).map_err(|error| in_file(&key, &path, error))
    }

    /// Returns TLS towards the server, where a table or an `https` address asks for it. May block.
    ///
    /// # Errors
    /// `Config` if a file cannot be read or used, or others could replace it.
    pub(crate) fn client_tls(
        &self,
        entry: Option<&UpstreamTlsEntry>,
        is_tls: bool,
    ) -> Result<Option<ClientTls>, Error> {
        let by_default = UpstreamTlsEntry::default();
        let Some(entry) = entry.or(is_tls.then_some(&by_default)) else { return Ok(None) };
        let (key, folder) = (format!("{}.upstream_tls", self.table), self.folder);
        let mut tls = ClientTls::default();
        if let Some(path) = &entry.ca {
            let (key, path) = (format!("{key}.ca"), folder.join(path));
            let authorities = read(&key, &path)?;
            tls =
                tls.with_authorities(&authorities).map_err(|error| in_file(&key, &path, error))?;
        }
        match (&entry.certificate, &entry.key) {
            (None, None) => {}
            (Some(certificate), Some(private)) => {
                let certificate = folder.join(certificate);
                let chain = read(&key, &certificate)?;
                let private = Zeroizing::new(read(&key, &folder.join(private))?);
                let with = tls.with_certificate(&chain, &private);
                tls = with.map_err(|error| in_file(&key, &certificate, error))?;
            }
            _ => {
                let text = format!("{key}: `certificate` and `key` belong together: give both");
                return Err(Error::new(ErrorKind::Config, text));
            }
        }
        if let Some(name) = &entry.server_name {
            let place = format!("{key}.server_name");
            let with = tls.with_server_name(name);
            tls = with.map_err(|error| error.wrapped(ErrorKind::Config, place))?;
        }
        Ok(Some(tls))
    }

    /// Reads a secret that is text. May block.
    ///
    /// # Errors
    /// `Config` if it cannot be read, is not text, or others could replace it.
    pub(crate) fn read_text(
        &self,
        place: &str,
        secret: &Secret,
    ) -> Result<Zeroizing<String>, Error> {
        let bytes = read_secret(place, secret, self.folder, ": it holds the secret")?;
        let text = std::str::from_utf8(&bytes).map(|text| Zeroizing::new(text.to_owned()));
        text.map_err(|_| Error::new(ErrorKind::Config, format!("{place}: not text")))
    }
}

/// Returns an identity with the marks that both gateways have, and no token.
pub(crate) fn with_marks(
    mut identity: Identity,
    san: &[String],
    common_name: Option<&String>,
    subject: Option<&String>,
) -> Identity {
    for name in san {
        identity = identity.with_alternative_name(name);
    }
    if let Some(name) = common_name {
        identity = identity.with_common_name(name);
    }
    if let Some(subject) = subject {
        identity = identity.with_subject(subject);
    }
    identity
}

fn read(key: &str, path: &Path) -> Result<Vec<u8>, Error> {
    let read = read_guarded(key, path);
    read.map_err(|error| error.wrapped(ErrorKind::Config, key.to_owned()))
}
