//! `grants.tcp` of a stage or a driver: servers, and TLS towards them.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use cloakroom_core::{Error, ErrorKind};
use cloakroom_plugin::{TcpGrant, TcpTls};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::secret::{Secret, read_secret, refuse_writable};
use crate::unreadable;

/// One server: `"HOST:PORT"`, or a table.
#[derive(Debug, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub(crate) struct TcpEntry {
    pub(crate) to: String,
    #[serde(default)]
    pub(crate) tls: TlsWord,
    ca: Option<FileEntry>,
    certificate: Option<FileEntry>,
    key: Option<Secret>,
}

/// `{ file = "PATH" }`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a table such as { file = \"PATH\" }")]
struct FileEntry {
    file: PathBuf,
}

/// `tls` of a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TlsWord {
    /// `false`: bytes pass in the clear.
    #[default]
    No,
    /// `true`
    Yes,
    /// `"postgres"`: after PostgreSQL's request for it.
    Postgres,
}

impl TcpEntry {
    /// Returns the grant, with certificates and keys.
    pub(super) fn grant(&self, folder: &Path) -> Result<TcpGrant, Error> {
        let place = format!("`grants.tcp`, `{}`", cloakroom_core::clean(&self.to, 300));
        let grant: TcpGrant =
            self.to.parse().map_err(|error| config(format!("{place}: {error}")))?;
        if self.tls == TlsWord::No {
            let has_files = self.ca.is_some() || self.certificate.is_some() || self.key.is_some();
            return if has_files {
                Err(config(format!("{place}: `ca`, `certificate` and `key` need `tls = true`")))
            } else {
                Ok(grant)
            };
        }
        let tls = self.tls(&place, folder)?;
        grant.with_tls(&tls).map_err(|error| at(&place, error))
    }

    fn tls(&self, place: &str, folder: &Path) -> Result<TcpTls, Error> {
        let mut tls = TcpTls::default();
        if self.tls == TlsWord::Postgres {
            tls = tls.with_postgres_request();
        }
        if let Some(ca) = &self.ca {
            let authorities = ca.read(place, folder)?;
            tls = tls.with_authorities(&authorities).map_err(|error| at(place, error))?;
        }
        match (&self.certificate, &self.key) {
            (None, None) => Ok(tls),
            (Some(certificate), Some(key)) => {
                let certificate = certificate.read(place, folder)?;
                let key = read_secret(place, key, folder, "; set it to the key in PEM")?;
                tls.with_certificate(&certificate, &key).map_err(|error| at(place, error))
            }
            _ => Err(config(format!("{place}: `certificate` and `key` belong together"))),
        }
    }

    /// Returns the files that it names.
    pub(crate) fn files(&self) -> impl Iterator<Item = &PathBuf> {
        let public = [&self.ca, &self.certificate].into_iter().flatten().map(|entry| &entry.file);
        public.chain(self.key.iter().filter_map(|key| key.file.as_ref()))
    }
}

impl FileEntry {
    /// Reads a certificate. Whoever could replace it would choose which servers are trusted.
    fn read(&self, place: &str, folder: &Path) -> Result<Vec<u8>, Error> {
        let path = folder.join(&self.file);
        refuse_writable(place, &path)?;
        fs::read(&path).map_err(|error| {
            config(format!("{place}: {}", unreadable::message(&path, &error))).with_source(error)
        })
    }
}

fn at(place: &str, error: Error) -> Error {
    error.wrapped(ErrorKind::Config, format!("{place}: TLS"))
}

fn config(text: String) -> Error {
    Error::new(ErrorKind::Config, text)
}

// Not `untagged`: the error of that names neither the key nor what it takes.
impl<'de> Deserialize<'de> for TcpEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(EntryVisitor)
    }
}

struct EntryVisitor;

impl<'de> Visitor<'de> for EntryVisitor {
    type Value = TcpEntry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"HOST:PORT\", or a table such as { to = \"HOST:PORT\", tls = true }")
    }

    fn visit_str<E: de::Error>(self, to: &str) -> Result<TcpEntry, E> {
        let tls = TlsWord::No;
        Ok(TcpEntry { to: to.to_owned(), tls, ca: None, certificate: None, key: None })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<TcpEntry, A::Error> {
        TcpEntry::deserialize(MapAccessDeserializer::new(map))
    }
}

impl<'de> Deserialize<'de> for TlsWord {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TlsVisitor)
    }
}

struct TlsVisitor;

impl Visitor<'_> for TlsVisitor {
    type Value = TlsWord;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true, false or \"postgres\"")
    }

    fn visit_bool<E: de::Error>(self, yes: bool) -> Result<TlsWord, E> {
        Ok(if yes { TlsWord::Yes } else { TlsWord::No })
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<TlsWord, E> {
        if text == "postgres" {
            Ok(TlsWord::Postgres)
        } else {
            Err(E::custom("`tls` is true, false or \"postgres\""))
        }
    }
}
