//! The settings.

use std::net::SocketAddr;

use cloakroom_guest::{Error, MaxBytes, Setting, Settings};

/// The largest value that Redis stores.
const LARGEST: u64 = 512 << 20;

/// The prefix of the sample driver.
const PREFIX: &str = "temporalio:payloads";

const TTL_SECONDS: Setting = Setting::integer(
    "ttl_seconds",
    1..=u32::MAX as i64,
    "time to live of a new object; an equal one that is there keeps its own",
);

/// The settings that the driver knows.
pub(crate) const SETTINGS: [Setting; 4] = [
    Setting::name_of("address", "tcp", "address and port of Redis").required(),
    MaxBytes::setting(LARGEST as i64),
    Setting::text("prefix", "put before every key; a claim for another key is refused")
        .with_default(PREFIX),
    TTL_SECONDS,
];

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
            // Without a default: absent means no time to live at all.
            ttl_seconds: match settings.get(TTL_SECONDS.name()) {
                Some(_) => Some(settings.integer(&TTL_SECONDS)?),
                None => None,
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
