//! The settings.

use cloakroom_guest::{Error, MaxBytes, Setting, Settings, secrets};

/// Most bytes of a value, below PostgreSQL's own limit of 1 GiB.
const LARGEST: u64 = 512 << 20;

/// The table, if no setting names another.
const TABLE: &str = "cloakroom_objects";

/// The settings that the driver knows.
pub(crate) const SETTINGS: [Setting; 6] = [
    Setting::name_of("address", "tcp", "name and port of the server").required(),
    Setting::text("database", "database with the table").required(),
    MaxBytes::setting(LARGEST as i64),
    Setting::name_of("password_secret", "secrets", "secret with the password of the user")
        .required(),
    Setting::text("table", "table of objects").with_default(TABLE),
    Setting::text("user", "user to log in as").required(),
];

/// The plugin's configuration.
pub(crate) struct Config {
    /// Host and port.
    pub(crate) address: String,
    pub(crate) user: String,
    pub(crate) password: Vec<u8>,
    pub(crate) database: String,
    /// Name of the table. It stands in queries as it is.
    pub(crate) table: String,
    pub(crate) max_bytes: MaxBytes,
}

impl Config {
    /// Reads the settings, and the secret last: the host shows no words of a plugin that has seen one.
    ///
    /// # Errors
    /// `Misconfigured` if a setting cannot work, `Denied` if the secret is not granted.
    pub(crate) fn read(settings: &Settings) -> Result<Self, Error> {
        let text = |name| Ok::<_, Error>(settings.required(name)?.to_owned());
        Ok(Self {
            address: text("address")?,
            user: text("user")?,
            database: text("database")?,
            table: table(settings)?,
            max_bytes: MaxBytes::configure(settings, LARGEST)?,
            password: secrets::get(settings.required("password_secret")?)?,
        })
    }
}

/// A name cannot be a parameter of a query, so one that needs quotes is refused.
fn table(settings: &Settings) -> Result<String, Error> {
    let table = settings.get("table").unwrap_or(TABLE);
    let is_name = |name: &str| {
        name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
            && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
    };
    if !table.split('.').all(is_name) || table.split('.').count() > 2 {
        return Err(Error::misconfigured(
            "setting `table` must be a name of lower-case letters, digits and `_`, after its schema \
             and a dot if it has one",
        ));
    }
    Ok(table.to_owned())
}
