//! Callers that may connect to a gateway, and their recognition.

use std::{fmt, sync::Arc};

use cloakroom_core::{Error, ErrorKind};
use http::{HeaderMap, header::AUTHORIZATION};
use rustls::ServerConfig;

use super::identity::Identity;
use crate::{
    access::{Auth, AuthError, CertificateNames, Client, ServerTls, bearer_token},
    caller::{Caller, Namespaces},
};

/// Name of HTTP/2 in a TLS handshake.
pub(super) const HTTP_2: &[u8] = b"h2";

/// Callers that may connect to a gateway. Default: everybody who reaches it, without TLS.
#[derive(Clone)]
#[must_use]
pub struct Callers {
    everybody: Arc<Caller>,
    identities: Vec<Identity>,
    signed: Auth,
    tls: Option<ServerTls>,
    config: Option<Arc<ServerConfig>>,
}

impl Default for Callers {
    fn default() -> Self {
        Self {
            everybody: Arc::new(Caller::everybody()),
            identities: Vec::new(),
            signed: Auth::default(),
            tls: None,
            config: None,
        }
    }
}

impl Callers {
    /// Admits these identities, and nobody if there are none but `signed` verifies tokens.
    ///
    /// A caller is the first identity that has a name of its certificate. Without such a certificate it
    /// sends a token: that of an identity, or one that `signed` verifies. A signed token whose subject
    /// no identity has may use the namespaces of its own claim, if `signed` knows one
    /// ([`Auth::with_namespace_claim`]).
    ///
    /// # Errors
    /// `Config` if an identity could not be recognised, or two of them could not be told apart.
    pub fn new(
        identities: Vec<Identity>,
        signed: Auth,
        tls: Option<ServerTls>,
    ) -> Result<Self, Error> {
        let asks_clients = tls.as_ref().is_some_and(ServerTls::asks_clients);
        check(&identities, signed.is_open(), asks_clients)?;
        let has_tokens = !signed.is_open() || identities.iter().any(Identity::has_tokens);
        let config = match &tls {
            Some(tls) => Some(Arc::new(tls.config(HTTP_2, has_tokens)?)),
            None => None,
        };
        Ok(Self { identities, signed, tls, config, ..Self::default() })
    }

    /// Returns callers for [`Proxy::restrict`](super::Proxy::restrict). An identity that nothing
    /// recognises is nobody, and TLS stays as it is.
    pub fn for_restriction(identities: Vec<Identity>, signed: Auth) -> Self {
        Self { identities, signed, ..Self::default() }
    }

    /// Returns whether both admit the same callers with the same rights.
    pub(super) fn admits_the_same(&self, other: &Self) -> bool {
        self.identities == other.identities && self.signed.is_same(&other.signed)
    }

    /// Returns whether everybody who reaches the gateway may use it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.identities.is_empty() && self.signed.is_open()
    }

    /// Returns whether callers connect by TLS.
    #[must_use]
    pub fn has_tls(&self) -> bool {
        self.tls.is_some()
    }

    pub(super) fn tls(&self) -> Option<Arc<ServerConfig>> {
        self.config.clone()
    }

    /// Returns who makes a call. A token that recognised it is removed from the headers: it is
    /// for the proxy, and the server must not learn it.
    ///
    /// # Errors
    /// The reason to refuse the call, for the log.
    pub(super) async fn authenticate(
        &self,
        names: Option<&CertificateNames>,
        headers: &mut HeaderMap,
    ) -> Result<Arc<Caller>, AuthError> {
        if self.is_open() {
            return Ok(self.everybody.clone());
        }
        let by_certificate = |one: &&Identity| names.is_some_and(|names| one.is_certificate(names));
        if let Some(identity) = self.identities.iter().find(by_certificate) {
            return Ok(identity.caller());
        }
        if names.is_some() && !headers.contains_key(AUTHORIZATION) {
            let text = "no identity has a name of the certificate, and there is no token";
            return Err(AuthError::InvalidToken(text));
        }
        let token = bearer_token(headers).map_err(AuthError::InvalidToken)?;
        let by_token = self.identities.iter().find(|one| one.is_token(token));
        let caller = match by_token {
            Some(identity) => identity.caller(),
            None if self.signed.is_open() => {
                return Err(AuthError::InvalidToken("the token is of no identity"));
            }
            None => self.signed_caller(self.signed.authenticate(headers).await?)?,
        };
        headers.remove(AUTHORIZATION);
        Ok(caller)
    }

    /// Returns who a signed token stands for. `*` in its claim is no namespace: whoever signs tokens
    /// for one application must not open all of them.
    fn signed_caller(&self, client: Client) -> Result<Arc<Caller>, AuthError> {
        let subject = client.signed_subject.as_deref();
        let by_subject = |one: &&Identity| subject.is_some_and(|subject| one.is_subject(subject));
        if let Some(identity) = self.identities.iter().find(by_subject) {
            return Ok(identity.caller());
        }
        let text = "no identity has the subject of the signed token";
        let listed = client.namespaces.ok_or(AuthError::InvalidToken(text))?;
        let namespaces = Namespaces::Listed(listed.into_iter().collect());
        Ok(Arc::new(Caller::new(client.subject, namespaces)))
    }

    /// Takes over the key set that `other` has fetched from the same URL.
    pub(super) fn adopt_keys(&mut self, other: &Self) {
        self.signed.adopt_keys(&other.signed);
    }
}

/// Refuses identities that no caller could be, and two that a caller could be at once.
fn check(identities: &[Identity], is_unsigned: bool, asks_clients: bool) -> Result<(), Error> {
    let refuse = |text: String| Err(Error::new(ErrorKind::Config, text));
    for (at, identity) in identities.iter().enumerate() {
        let name = identity.name();
        if !identity.has_tokens() && !identity.has_certificates() {
            return refuse(format!(
                "identity `{name}` has no certificate name, token or subject, so nobody can be it"
            ));
        }
        if identity.has_certificates() && !asks_clients {
            return refuse(format!(
                "identity `{name}` is recognised by a certificate, but clients are asked for none: \
                 name the authorities that sign them"
            ));
        }
        if identity.administers_some() {
            return refuse(format!(
                "identity `{name}` may make administrative calls, which concern every namespace, but \
                 may not use every namespace: give it all of them, or take that right from it"
            ));
        }
        if identity.has_subjects() && is_unsigned {
            return refuse(format!(
                "identity `{name}` is recognised by a signed token, but no keys verify one"
            ));
        }
        for earlier in identities.iter().take(at) {
            let other = earlier.name();
            if other == name {
                return refuse(format!("two identities are called `{name}`"));
            }
            let shared = identity.marks().find(|mark| earlier.marks().any(|one| one == *mark));
            if let Some((kind, mark)) = shared {
                return refuse(format!(
                    "identities `{other}` and `{name}` have the same {kind}, `{mark}`"
                ));
            }
            if identity.shares_token_with(earlier) {
                return refuse(format!("identities `{other}` and `{name}` have the same token"));
            }
        }
    }
    Ok(())
}

impl PartialEq for Callers {
    fn eq(&self, other: &Self) -> bool {
        self.admits_the_same(other) && self.tls == other.tls
    }
}

impl Eq for Callers {}

/// Shows no token and no key.
impl fmt::Debug for Callers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callers")
            .field("identities", &self.identities)
            .field("signed", &self.signed)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}
