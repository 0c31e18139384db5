//! The setting `max_bytes`, which drivers share.

use crate::{Buffer, Error, Setting, Settings};

/// The largest object that a driver stores: the setting `max_bytes`.
///
/// ```
/// use cloakroom_guest::{Buffer, Error, MaxBytes, Settings};
///
/// let max_bytes = MaxBytes::configure(&Settings::from([("max_bytes", "4")]), u64::MAX)?;
/// assert!(max_bytes.check(&Buffer::new(b"four")).is_ok());
/// assert!(matches!(max_bytes.check(&Buffer::new(b"larger")), Err(Error::TooLarge(_))));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxBytes(u64);

impl MaxBytes {
    /// The description of the setting, if the driver has no limit of its own.
    pub const SETTING: Setting = Self::setting(i64::MAX);

    /// The default: 50 MiB, as Temporal's official drivers have it.
    pub const DEFAULT: Self = Self(50 << 20);

    /// Returns the description of the setting, which may be at most `most`.
    #[must_use]
    pub const fn setting(most: i64) -> Setting {
        let description = "largest object that is stored, in bytes, as in the official drivers";
        Setting::integer("max_bytes", 1..=most, description).with_default("52428800")
    }

    /// Reads the setting, which may be at most `most`.
    ///
    /// # Errors
    /// `Misconfigured` if it is no number from 1 to `most`.
    pub fn configure(settings: &Settings, most: u64) -> Result<Self, Error> {
        settings.number(Self::SETTING.name(), 1..=most, Self::DEFAULT.0).map(Self)
    }

    /// Refuses an object that is larger.
    ///
    /// # Errors
    /// `TooLarge`, with both sizes.
    pub fn check(self, object: &Buffer) -> Result<(), Error> {
        let size = object.length();
        if size > self.0 {
            return Err(Error::too_large(format!(
                "the object has {size} bytes, and the most is {} (setting `max_bytes`)",
                self.0
            )));
        }
        Ok(())
    }

    /// Returns the number.
    #[must_use]
    pub fn get(self) -> u64 {
        self.0
    }
}
