//! Secrets that the operator lets this plugin see, for protocols in which it must: a password that is
//! answered to a challenge, for example. Write them into no error and no log.
//!
//! In tests, [`testing::Host::with_secret`](crate::testing::Host::with_secret) grants one.
//!
//! ```
//! use cloakroom_guest::{Error, secrets, testing};
//!
//! let _host = testing::Host::new().with_secret("db-password", b"open sesame");
//! assert_eq!(secrets::get("db-password")?, b"open sesame");
//! assert!(matches!(secrets::get("another"), Err(Error::Denied(_))));
//! # Ok::<(), Error>(())
//! ```

use super::host::{self, count_call, not_granted};
use crate::Error;

/// Returns the bytes of a secret, without the line break at its end.
///
/// # Errors
/// `Denied` if the secret is not granted.
pub fn get(name: &str) -> Result<Vec<u8>, Error> {
    count_call();
    let secret = host::ask(|state| state.secrets.get(name).cloned()).flatten();
    secret.ok_or_else(|| not_granted("secret", name))
}
