//! The settings.

use std::net::SocketAddr;

use cloakroom_guest::{Error, MaxBytes, Settings};

/// The largest value that Redis stores.
const LARGEST: u64 = 512 << 20;

/// The prefix of the sample driver.
const PREFIX: &str = "temporalio:payloads";

/// The plugin's configuration.
pub(crate) struct Config {
    pub(crate) address: SocketAddr,
    pub(crate) max_bytes: MaxBytes,
    /// The start of every key: empty, or with a colon at its end.
    pub(crate) prefix: String,
    /// The time to live of an object.
    pub(crate) ttl_seconds: Option<u32>,
}

impl Config {
    /// Reads the settings.
    ///
    /// # Errors
    /// `Misconfigured` if one cannot work.
    pub(crate) fn read(settings: &Settings) -> Result<Self, Error> {
        Ok(Self {
            address: address(settings)?,
            max_bytes: MaxBytes::configure(settings, LARGEST)?,
            // `number` wants a default, and here absent means no time to live at all.
            ttl_seconds: match settings.number("ttl_seconds", 1..=u32::MAX, 1)? {
                seconds if settings.get("ttl_seconds").is_some() => Some(seconds),
                _ => None,
            },
            prefix: match settings.get("prefix").unwrap_or(PREFIX).trim_end_matches(':') {
                "" => String::new(),
                prefix => format!("{prefix}:"),
            },
        })
    }
}

fn address(settings: &Settings) -> Result<SocketAddr, Error> {
    settings.required("address")?.parse().map_err(|_| {
        Error::misconfigured(
            "setting `address` must be an address and a port, such as 127.0.0.1:6379",
        )
    })
}
