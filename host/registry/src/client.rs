//! HTTP client of one registry.
//!
//! Credentials go to the registry and to its realm, and to nobody else: no redirect is followed with them,
//! and neither a challenge nor an upload's address may name another host.

pub(crate) mod access;
mod authorization;
mod body;
mod challenge;
mod connection;
mod failure;
mod pull;
mod push;

use cloakroom_core::{Error, ErrorKind};

pub use self::push::Pushed;
use self::{access::Access, connection::Connection};
use crate::reference::Reference;

/// Client of one registry. It pulls plugins and pushes them.
#[derive(Debug)]
pub struct Client {
    connection: Connection,
}

impl Client {
    /// Returns a client with this access. Nothing is asked yet.
    ///
    /// # Errors
    /// `Config` if the access has a certificate or a realm that cannot be used.
    pub fn new(access: Access) -> Result<Self, Error> {
        Ok(Self { connection: Connection::new(access)? })
    }

    /// Refuses a reference to another registry: it would get this one's credentials.
    fn check(&self, reference: &Reference) -> Result<(), Error> {
        let own = self.connection.registry();
        if reference.registry() == own {
            return Ok(());
        }
        let text =
            format!("`{reference}` is in another registry than `{own}`, whose client this is");
        Err(Error::new(ErrorKind::Config, text))
    }
}
