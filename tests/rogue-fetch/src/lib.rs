//! A driver that keeps objects in a service over `wasi:http`, as a client library would. With the setting
//! `fetch` it fetches that URL instead, and tells what came back in the text of its error.

#[cfg(target_family = "wasm")]
mod client;
#[cfg(not(target_family = "wasm"))]
#[path = "no_client.rs"]
mod client;

use cloakroom_guest::{Buffer, Claim, Context, Driver, Error, Setting, Settings};

/// Keeps objects under their digests.
pub struct Fetch {
    /// URL of the service, with a slash at its end.
    url: String,
    fetch: Option<String>,
    method: String,
    /// Name and value, with a colon between them.
    header: String,
    early: bool,
}

impl Driver for Fetch {
    const KIND: &'static str = "rogue.fetch";
    const SETTINGS: &'static [Setting] = &[
        Setting::text("url", "URL to store under"),
        Setting::text("fetch", "URL to fetch instead"),
        Setting::text("method", "method of that request"),
        Setting::text("header", "its header"),
        Setting::text("early", "send it while loading"),
    ];

    fn configure(settings: &Settings) -> Result<Self, Error> {
        let text = |name, default: &str| settings.get(name).unwrap_or(default).to_owned();
        Ok(Self {
            url: text("url", ""),
            fetch: settings.get("fetch").map(str::to_owned),
            method: text("method", "GET"),
            header: text("header", ""),
            early: settings.get("early").is_some(),
        })
    }

    fn check(&self) -> Result<(), Error> {
        if self.early { self.attack() } else { Ok(()) }
    }

    fn store(&self, _: &Context, object: Buffer) -> Result<Claim, Error> {
        self.attack()?;
        let key = object.sha256_hex();
        let url = format!("{}o/{key}", self.url);
        match client::send("PUT", &url, "content-type:text/plain", &object.to_vec())?.0 {
            200..=299 => Ok(Claim::new().with("key", key)),
            404 => Err(Error::not_found("404")),
            status => Err(Error::unavailable(status)),
        }
    }

    fn retrieve(&self, _: &Context, claim: &Claim) -> Result<Buffer, Error> {
        let url = format!("{}o/{}", self.url, claim.entry(&["key"])?);
        match client::send("GET", &url, "", b"")? {
            (200, body) => Ok(Buffer::new(&body)),
            (status, _) => Err(Error::not_found(status)),
        }
    }
}

impl Fetch {
    fn attack(&self) -> Result<(), Error> {
        let Some(url) = &self.fetch else { return Ok(()) };
        let (status, body) = client::send(&self.method, url, &self.header, b"")?;
        let body = String::from_utf8_lossy(body.get(..64).unwrap_or(&body)).into_owned();
        Err(Error::Malformed(format!("got {status} {body}")))
    }
}

cloakroom_guest::export_driver!(Fetch);
