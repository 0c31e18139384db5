//! Key ring over a key service.

use std::{fmt, sync::Arc};

use cloakroom_core::{Error, ErrorKind, Key, KeyLookup, KeyRing};

use crate::{
    failure::Failure,
    id::{KeyId, WrappedKey, namespace_tag, sha256},
    inner::Inner,
    memory::{Known, Opening},
    proxy_id::ProxyId,
    scope::Scope,
    settings::Form,
};

/// Key ring over a key service: it makes data keys, has the service wrap and unwrap them, and remembers
/// them for a while. Cheap to clone; clones are the same.
///
/// ```
/// # use std::sync::Arc;
/// # use cloakroom_core::{Error, KeyService};
/// # fn f(service: Arc<dyn KeyService>, secret: &str) -> Result<(), Error> {
/// use cloakroom_keys::DataKeys;
///
/// let ring = DataKeys::builder("payments", service).with_secret(secret)?.build()?;
/// # Ok(())
/// # }
/// ```
///
/// Look-ups that ask the service need a Tokio runtime.
#[derive(Clone)]
pub struct DataKeys {
    pub(crate) inner: Arc<Inner>,
    /// Keys that were in use before the service.
    static_keys: Option<Arc<dyn KeyRing>>,
}

/// A wrapped key of a payload, and what is asked to unwrap it.
struct Wrapped<'a> {
    opening: Opening,
    wrapped: WrappedKey,
    /// Id as the payload has it.
    id: &'a str,
}

impl DataKeys {
    pub(crate) fn new(inner: Inner) -> Self {
        Self { inner: Arc::new(inner), static_keys: None }
    }

    /// Returns a ring that also opens and verifies with the keys of another, which were in use before the
    /// service. It shares all else with this one.
    #[must_use]
    pub fn with_static_keys(&self, ring: Arc<dyn KeyRing>) -> Self {
        Self { inner: self.inner.clone(), static_keys: Some(ring) }
    }

    /// Returns whether another clone is in use.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        Arc::strong_count(&self.inner) > 1
    }

    /// Has the service unwrap the ring's secret, so that it is at hand.
    ///
    /// # Errors
    /// If the service does not unwrap it, with the service's reason.
    pub async fn open_secret(&self) -> Result<(), Error> {
        self.inner.open_secrets().await.map_err(Error::from)
    }

    /// Makes new data keys for what is sealed from now on, in this process.
    pub fn rotate(&self) {
        self.inner.memory().rotate();
    }

    /// Returns what a payload's id means to this ring; none if it is not of this ring, or of another
    /// namespace.
    fn wrapped<'a>(
        &self,
        id: &'a str,
        namespace: Option<&str>,
    ) -> Result<Option<Wrapped<'a>>, Failure> {
        if let Some(ProxyId { uri, wrapped }) = ProxyId::parse(id) {
            let Some(service) = self.inner.services.iter().position(|known| known.is_named(uri))
            else {
                return Ok(None);
            };
            let (form, scope, digest) = (Form::TemporalProxy, Scope::ring(), sha256(&wrapped));
            let opening = Opening { service, scope, form, is_stored: false, digest };
            return Ok(Some(Wrapped { opening, wrapped: WrappedKey::Inline(wrapped), id }));
        }
        let Some(parsed) = KeyId::parse(id) else {
            return Ok(None);
        };
        let service = self.inner.services.iter().position(|known| known.tag() == parsed.service());
        let (Some(service), Some(scope)) = (service, self.scope_of(&parsed, namespace)?) else {
            return Ok(None);
        };
        let (form, digest) = (Form::Cloakroom, parsed.digest());
        let is_stored = matches!(parsed.wrapped(), WrappedKey::Stored(_));
        let opening = Opening { service, scope, form, is_stored, digest };
        Ok(Some(Wrapped { opening, wrapped: parsed.wrapped().clone(), id }))
    }

    /// Returns the payloads that share this key; none if those are another namespace's.
    fn scope_of(&self, id: &KeyId, namespace: Option<&str>) -> Result<Option<Scope>, Failure> {
        match (id.namespace(), namespace) {
            (None, _) => Ok(Some(Scope::ring())),
            (Some(tag), Some(name)) => {
                Ok((tag == namespace_tag(name)).then(|| Scope::of_namespace(name)))
            }
            (Some(_), None) => {
                let text = format!(
                    "the payload's data key is of one namespace of ring `{}`, and the call names none: \
                     name the namespace in the call",
                    self.inner.name
                );
                Err(Failure::new(ErrorKind::UnknownKey, text))
            }
        }
    }

    fn find_wrapped<'a>(
        &'a self,
        wrapped: Wrapped<'a>,
        namespace: Option<&'a str>,
    ) -> KeyLookup<'a> {
        let Wrapped { opening, wrapped, id } = wrapped;
        let known = self.inner.memory().opening_of(id, &opening, self.inner.clock.now());
        let caller = namespace.map_or_else(Scope::ring, Scope::of_namespace);
        match known {
            Known::Key(at_hand) => {
                self.inner.lookups.hit.count();
                if at_hand.is_due {
                    self.inner.renew_opened(opening, wrapped, id, caller);
                }
                KeyLookup::found(at_hand.key)
            }
            Known::Refused(failure) => {
                self.inner.lookups.refused.count();
                KeyLookup::failed(failure.into())
            }
            Known::Unknown => KeyLookup::later(async move {
                self.inner.lookups.miss.count();
                let key = self.inner.open(opening, wrapped, id, caller)?.await?;
                Ok(Some(key as Arc<dyn Key>))
            }),
        }
    }
}

impl KeyRing for DataKeys {
    fn current<'a>(&'a self, namespace: Option<&'a str>) -> KeyLookup<'a> {
        let scope = self.inner.scope(namespace);
        match self.inner.sealing_key(&scope) {
            Some(key) => KeyLookup::found(key),
            None => KeyLookup::later(async move {
                let key = self.inner.next_key(scope).await?;
                Ok(Some(key as Arc<dyn Key>))
            }),
        }
    }

    fn find<'a>(&'a self, id: &'a str, namespace: Option<&'a str>) -> KeyLookup<'a> {
        let now = self.inner.clock.now();
        if let Some(key) = self.inner.memory().opened_before(id, namespace, now) {
            self.inner.lookups.hit.count();
            return KeyLookup::found(key);
        }
        match self.wrapped(id, namespace) {
            Ok(Some(wrapped)) => self.find_wrapped(wrapped, namespace),
            Ok(None) => match self.inner.secrets.iter().find(|secret| secret.id() == id) {
                Some(secret) => self.inner.secret_key(secret),
                None => match &self.static_keys {
                    Some(ring) => ring.find(id, namespace),
                    None => KeyLookup::none(),
                },
            },
            Err(failure) => KeyLookup::failed(failure.into()),
        }
    }

    fn lasting(&self) -> KeyLookup<'_> {
        match self.inner.secrets.first() {
            Some(secret) => self.inner.secret_key(secret),
            None => KeyLookup::failed(self.inner.no_secret().into()),
        }
    }
}

impl fmt::Debug for DataKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataKeys")
            .field("ring", &self.inner.name)
            .field("services", &self.inner.services)
            .finish_non_exhaustive()
    }
}
