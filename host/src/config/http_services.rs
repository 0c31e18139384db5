//! Services over HTTP, with the secrets and certificates that their entries name.

use std::{
    env, fs,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use cloakroom_core::{Error, ErrorKind, Service};
use cloakroom_stores::{HttpService, HttpServiceBuilder};

use super::{
    secret::{Secret, read_secret, refuse_writable},
    service::{HeaderEntry, ServiceEntry},
};
use crate::unreadable;

/// Open services. One whose settings and secrets stay the same in a new configuration stays open, with its
/// connections.
#[derive(Default)]
pub(crate) struct OpenServices(Mutex<Vec<(HttpServiceBuilder, Arc<dyn Service>)>>);

/// An error, and the key of the service's table that it is about.
type AtKey = (&'static str, Error);

impl OpenServices {
    pub(super) fn service(
        &self,
        name: &str,
        entry: &ServiceEntry,
        folder: &Path,
    ) -> Result<Arc<dyn Service>, AtKey> {
        let builder = builder(name, entry, folder)?;
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, service)) = open.iter().find(|(known, _)| *known == builder) {
            return Ok(service.clone());
        }
        let built = builder.clone().build().map_err(|error| {
            let text = format!("[services.{name}]: {error}");
            ("url", Error::new(ErrorKind::Config, text))
        });
        let service: Arc<dyn Service> = Arc::new(built?);
        open.push((builder, service.clone()));
        Ok(service)
    }

    /// Closes the services that no configuration uses any more.
    pub(crate) fn forget_unused(&self) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // The list itself holds one reference to each.
        open.retain(|(_, service)| Arc::strong_count(service) > 1);
    }
}

fn builder(name: &str, entry: &ServiceEntry, folder: &Path) -> Result<HttpServiceBuilder, AtKey> {
    let mut builder = HttpService::builder(&entry.url);
    for (header, value) in &entry.headers {
        let place = format!("[services.{name}] `headers.{header}`");
        builder = match value {
            HeaderEntry::Open(_) if is_secret_header(header) => {
                let text = format!(
                    "{place} is a secret, and secrets are never written into this file: name it as \
                     {{ env = \"NAME\" }} or {{ file = \"PATH\" }}"
                );
                return Err(("headers", Error::new(ErrorKind::Config, text)));
            }
            HeaderEntry::Open(text) => builder.with_header(header, text),
            HeaderEntry::Kept(kept) => {
                let secret = read_secret(&place, &kept.secret(), folder, "");
                let secret = secret.map_err(|error| ("headers", error))?;
                builder.with_secret_header(header, &kept.prefix, &secret)
            }
        };
    }
    if let Some(ca) = &entry.ca {
        let pem = read_certificates(&format!("[services.{name}] `ca`"), ca, folder);
        builder = builder.with_ca(&pem.map_err(|error| ("ca", error))?);
    }
    builder = match (&entry.certificate, &entry.key) {
        (Some(certificate), Some(key)) => {
            let place = format!("[services.{name}] `certificate`");
            let certificate = read_certificates(&place, certificate, folder);
            let key = read_secret(&format!("[services.{name}] `key`"), key, folder, "");
            builder.with_client_certificate(
                &certificate.map_err(|error| ("certificate", error))?,
                &key.map_err(|error| ("key", error))?,
            )
        }
        (None, None) => builder,
        (certificate, _) => {
            let there = if certificate.is_some() { "certificate" } else { "key" };
            let text = format!("[services.{name}]: `certificate` and `key` need each other");
            return Err((there, Error::new(ErrorKind::Config, text)));
        }
    };
    Ok(match &entry.timeout {
        Some(time) => builder.with_timeout(time.0),
        None => builder,
    })
}

/// Returns whether a header carries credentials, as far as its name tells.
fn is_secret_header(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let word = name.rsplit(['-', '_']).next().unwrap_or_default();
    matches!(word, "authorization" | "cookie" | "key" | "password" | "secret" | "token" | "apikey")
}

/// Reads certificates, which are no secret: everybody may read their file, and nobody else replace it.
fn read_certificates(place: &str, source: &Secret, folder: &Path) -> Result<Vec<u8>, Error> {
    if source.env.is_some() == source.file.is_some() {
        let text = format!("{place}: give one of `env` and `file`");
        return Err(Error::new(ErrorKind::Config, text));
    }
    if let Some(path) = &source.file {
        let path = folder.join(path);
        refuse_writable(place, &path)?;
        return fs::read(&path).map_err(|error| {
            let text = format!("{place}: {}", unreadable::message(&path, &error));
            Error::new(ErrorKind::Config, text).with_source(error)
        });
    }
    let name = source.env.as_deref().unwrap_or_default();
    let value = env::var_os(name).ok_or_else(|| {
        let text = format!("{place}: the environment has no variable `{name}`");
        Error::new(ErrorKind::Config, text)
    });
    value.map(std::ffi::OsString::into_encoded_bytes)
}
