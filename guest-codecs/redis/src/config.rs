//! The settings.

use cloakroom_guest::{Error, MaxBytes, Setting, Settings, secrets};

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
pub(crate) const SETTINGS: [Setting; 6] = [
    Setting::name_of("address", "tcp", "name or address, and port; over TLS as `grants.tcp` says")
        .required(),
    MaxBytes::setting(LARGEST as i64),
    Setting::name_of("password_secret", "secrets", "secret with the password to log in with"),
    Setting::text("prefix", "put before every key; a claim for another key is refused")
        .with_default(PREFIX),
    TTL_SECONDS,
    Setting::text("user", "user of the server's access control list; needs `password_secret`"),
];

/// The plugin's configuration.
pub(crate) struct Config {
    /// Host and port.
    pub(crate) address: String,
    pub(crate) login: Option<Login>,
    pub(crate) max_bytes: MaxBytes,
    /// The start of every key: empty, or with a colon at its end.
    pub(crate) prefix: String,
    /// The time to live of an object.
    pub(crate) ttl_seconds: Option<u32>,
}

/// Credentials that the server asks for.
pub(crate) struct Login {
    /// The user of the server's ACL. Without one, the password is the server's own.
    pub(crate) user: Option<String>,
    pub(crate) password: Vec<u8>,
}

impl Config {
    /// Reads the settings, and the secret last: the host shows no words of a plugin that has seen one.
    ///
    /// # Errors
    /// `Misconfigured` if a setting cannot work, `Denied` if the secret is not granted.
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
            login: login(settings)?,
        })
    }
}

fn address(settings: &Settings) -> Result<String, Error> {
    let address = settings.required("address")?;
    let parts = address.rsplit_once(':').filter(|(host, _)| !host.is_empty());
    let port = parts.and_then(|(_, port)| port.parse::<u16>().ok()).filter(|port| *port != 0);
    if port.is_none() {
        return Err(Error::misconfigured(
            "setting `address` must be a name or an address, and a port, such as 127.0.0.1:6379",
        ));
    }
    Ok(address.to_owned())
}

fn login(settings: &Settings) -> Result<Option<Login>, Error> {
    let user = settings.get("user").map(str::to_owned);
    match settings.get("password_secret") {
        Some(secret) => Ok(Some(Login { user, password: secrets::get(secret)? })),
        None if user.is_some() => Err(Error::misconfigured(
            "setting `user` needs `password_secret`, the name of a secret that is granted",
        )),
        None => Ok(None),
    }
}
