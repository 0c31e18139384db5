//! Look-up of a ring's secrets, which stay unwrapped.

use std::sync::Arc;

use cloakroom_core::{Error, ErrorKind, Key, KeyLookup};
use cloakroom_stores::{KeyMaterial, RingKey};

use crate::{
    failure::Failure,
    id::{sha256, short},
    inner::Inner,
    scope::Scope,
    secret::{Secret, context},
};

impl Inner {
    /// Looks up the key of a secret, which is at hand once it was unwrapped.
    pub(crate) fn secret_key<'a>(&'a self, secret: &'a Secret) -> KeyLookup<'a> {
        match secret.key() {
            Some(key) => KeyLookup::found(key),
            None => KeyLookup::later(async { Ok(Some(self.open_secret(secret).await?)) }),
        }
    }

    /// Unwraps all secrets that are not unwrapped.
    pub(crate) async fn open_secrets(&self) -> Result<(), Failure> {
        for secret in self.secrets.iter().filter(|secret| secret.key().is_none()) {
            self.open_secret(secret).await?;
        }
        Ok(())
    }

    async fn open_secret(&self, secret: &Secret) -> Result<Arc<dyn Key>, Failure> {
        let Some(access) = self.services.get(secret.service) else {
            return Err(Failure::new(ErrorKind::Internal, "a secret lost its key service"));
        };
        let _opening = secret.opening.lock().await;
        if let Some(key) = secret.key() {
            return Ok(key);
        }
        access.check(&Scope::ring())?;
        let (wrapped, label) = (&secret.text.wrapped, short(&sha256(&secret.text.wrapped)));
        let opened =
            access.unwrap(wrapped, &Scope::ring(), Some(&context(&self.name)), &label).await;
        let opened = opened.map_err(|failed| self.judge(secret.service, failed))?;
        let key = RingKey::from_material(secret.id(), &KeyMaterial::from(&opened));
        let key: Arc<dyn Key> = Arc::new(key.map_err(Error::from)?);
        secret.set_key(Some(key.clone()));
        Ok(key)
    }

    /// Forgets secrets under a service's key that may not be used any more.
    pub(crate) fn forget_secrets(&self, service: usize, scope: Option<&Scope>) {
        // A denial for one namespace says nothing about the ring's secret.
        if scope.is_none_or(|scope| *scope == Scope::ring()) {
            let under = self.secrets.iter().filter(|secret| secret.service == service);
            under.for_each(|secret| secret.set_key(None));
        }
    }

    /// Returns the failure of what needs a secret in a ring that has none.
    pub(crate) fn no_secret(&self) -> Failure {
        let text = format!(
            "ring `{}` is over a key service and has no secret, which `repeatable`, claims and derived \
             keys need: make one with `cloakroom keys init`, and name it in `secret`",
            self.name
        );
        Failure::new(ErrorKind::Config, text)
    }
}
