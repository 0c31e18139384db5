//! State of a ring over a key service, and the requests that it sends.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use aws_lc_rs::rand;
use bytes::Bytes;
use cloakroom_core::{DataKey, ErrorKind, KeyFailure};

use crate::{
    access::{Access, Verdict},
    clock::Clock,
    failure::Failure,
    flights::{Answer, Flights},
    id::{KeyId, WrappedKey, sha256, short},
    memory::{AtHand, Known, Memory, Opening},
    metric, outage,
    proxy_id::ProxyId,
    scope::Scope,
    secret::Secret,
    service_key::{Binding, ServiceKey},
    settings::{DataKeySettings, Form, Per, WrappedPlace},
    wrapped_keys::{WrappedKeys, no_bucket},
};

/// Time for which a wrapped key that did not unwrap is refused without a request.
const FORGED: Duration = Duration::from_secs(300);

/// The same for one that is missing in its bucket. It is shorter: a replicated bucket may get it later.
const MISSING: Duration = Duration::from_secs(10);

/// State of a ring.
pub(crate) struct Inner {
    pub(crate) name: Arc<str>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) settings: DataKeySettings,
    /// Keys of services. The first wraps what seals.
    pub(crate) services: Vec<Access>,
    /// Secrets that last. The first is in use.
    pub(crate) secrets: Vec<Secret>,
    /// Bucket of wrapped keys.
    pub(crate) wrapped_keys: Option<WrappedKeys>,
    pub(crate) memory: Mutex<Memory>,
    pub(crate) lookups: metric::Lookups,
    pub(crate) making: Flights<Scope, Arc<ServiceKey>>,
    pub(crate) opening: Flights<Opening, Arc<ServiceKey>>,
}

impl Inner {
    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the payloads that share a data key with those of a namespace.
    pub(crate) fn scope(&self, namespace: Option<&str>) -> Scope {
        match (self.settings.per, namespace) {
            (Per::Namespace, Some(name)) if self.settings.form == Form::Cloakroom => {
                Scope::of_namespace(name)
            }
            _ => Scope::ring(),
        }
    }

    /// Returns the key that seals, if it is at hand, and has the next one made in time.
    pub(crate) fn sealing_key(self: &Arc<Self>, scope: &Scope) -> Option<Arc<ServiceKey>> {
        let at_hand = self.memory().sealing(scope, &self.settings, self.clock.now())?;
        if at_hand.is_due && !self.making.has(scope) {
            // The key at hand goes on. A service that pauses is asked again by a later call.
            drop(self.make(scope));
        }
        Some(at_hand.key)
    }

    /// Returns the key that seals, and waits for the service to wrap one if there is none.
    pub(crate) async fn next_key(
        self: &Arc<Self>,
        scope: Scope,
    ) -> Result<Arc<ServiceKey>, Failure> {
        // Another call may have got it since.
        match self.sealing_key(&scope) {
            Some(key) => Ok(key),
            None => self.make(&scope)?.await,
        }
    }

    /// Has a data key made, unless one is being made.
    fn make(self: &Arc<Self>, scope: &Scope) -> Result<Answer<Arc<ServiceKey>>, Failure> {
        let access = self.sealing_service()?;
        if !self.making.has(scope) {
            access.check(scope)?;
        }
        let (this, of) = (self.clone(), scope.clone());
        self.making.join(scope.clone(), async move {
            let made = this.make_key(of).await;
            this.sweep_in_time();
            made
        })
    }

    /// Asks for a key as a caller does that has found none before.
    #[cfg(test)]
    pub(crate) async fn make_again(self: &Arc<Self>, namespace: Option<&str>) {
        self.make(&self.scope(namespace)).unwrap().await.unwrap();
    }

    async fn make_key(&self, scope: Scope) -> Result<Arc<ServiceKey>, Failure> {
        // Whoever asked may have looked before the request ahead of this one ended.
        let at_hand = self.memory().sealing(&scope, &self.settings, self.clock.now());
        if let Some(at_hand) = at_hand.filter(|at_hand| !at_hand.is_due) {
            return Ok(at_hand.key);
        }
        let access = self.sealing_service()?;
        let data_key = DataKey::filled(|bytes| rand::fill(bytes)).map_err(|_| no_random())?;
        let form = self.settings.form;
        let context = (form == Form::Cloakroom).then(|| scope.context(&self.name));
        let wrapped = access.wrap(&data_key, &scope, context.as_ref()).await;
        let wrapped = wrapped.map_err(|failed| self.judge(0, failed))?;
        let digest = sha256(&wrapped);
        let is_stored = self.keep(&wrapped, &digest).await;
        let id = match form {
            Form::TemporalProxy => ProxyId::text(access.written(), &wrapped),
            Form::Cloakroom => {
                let wrapped = if is_stored {
                    WrappedKey::Stored(digest)
                } else {
                    WrappedKey::Inline(wrapped)
                };
                KeyId::new(access.tag(), scope.namespace(), wrapped).to_string()
            }
        };
        let key = self.service_key(&id, form, &scope, &digest, &data_key)?;
        let (now, mut memory) = (self.clock.now(), self.memory());
        let opening = Opening { service: 0, scope: scope.clone(), form, is_stored, digest };
        memory.remember(opening, key.clone(), now);
        memory.seal_with(&self.name, scope, key.clone(), now);
        metric::made(&self.name);
        Ok(key)
    }

    /// Keeps a wrapped key in the ring's bucket. Returns whether payloads may name it by its digest.
    async fn keep(&self, wrapped: &Bytes, digest: &[u8; 32]) -> bool {
        match &self.wrapped_keys {
            Some(kept) if self.settings.wrapped == WrappedPlace::Store => {
                kept.keep(wrapped, digest, self.clock.now()).await
            }
            _ => false,
        }
    }

    fn sealing_service(&self) -> Result<&Access, Failure> {
        let none = || Failure::new(ErrorKind::Internal, "a ring has no key service");
        self.services.first().ok_or_else(none)
    }

    /// Asks the service again for a key that is about to be forgotten.
    pub(crate) fn renew_opened(
        self: &Arc<Self>,
        opening: Opening,
        wrapped: WrappedKey,
        id: &str,
        caller: Scope,
    ) {
        if !self.opening.has(&opening) {
            // The key at hand goes on until it is too old.
            drop(self.open(opening, wrapped, id, caller));
        }
    }

    /// Has a data key unwrapped, unless it is being unwrapped.
    pub(crate) fn open(
        self: &Arc<Self>,
        opening: Opening,
        wrapped: WrappedKey,
        id: &str,
        caller: Scope,
    ) -> Result<Answer<Arc<ServiceKey>>, Failure> {
        if !self.opening.has(&opening) {
            self.access(&opening)?.check(&opening.scope)?;
            self.check_budget(&caller)?;
        }
        let (this, of, id) = (self.clone(), opening.clone(), id.to_owned());
        self.opening.join(opening, async move {
            let opened = this.open_key(of, wrapped, &id, &caller).await;
            this.sweep_in_time();
            opened
        })
    }

    async fn open_key(
        &self,
        opening: Opening,
        wrapped: WrappedKey,
        id: &str,
        caller: &Scope,
    ) -> Result<Arc<ServiceKey>, Failure> {
        let now = self.clock.now();
        // The same as for a key that is made.
        if let Known::Key(AtHand { key, is_due: false }) = self.memory().opening(&opening, now) {
            return Ok(key);
        }
        let requests = self.memory().budget(caller, now).requests();
        // Never closed.
        let _permit = requests.acquire().await;
        self.check_budget(caller)?;
        let wrapped = match self.wrapped_bytes(wrapped).await {
            Err(failure) if failure.kind() == ErrorKind::NotFound => {
                return Err(self.refuse(&opening, failure, caller, MISSING));
            }
            Err(failure) if failure.kind() == ErrorKind::Corrupt => {
                return Err(self.refuse(&opening, failure, caller, FORGED));
            }
            read => read?,
        };
        let context = (opening.form == Form::Cloakroom).then(|| opening.scope.context(&self.name));
        let label = short(&opening.digest);
        let access = self.access(&opening)?;
        let opened = access.unwrap(&wrapped, &opening.scope, context.as_ref(), &label).await;
        let now = self.clock.now();
        let data_key = opened.map_err(|failed| {
            let failure = self.judge(opening.service, failed);
            if failure.kind() == KeyFailure::Mismatch.error_kind() {
                return self.refuse(&opening, failure, caller, FORGED);
            }
            failure
        })?;
        let Opening { form, scope, digest, .. } = &opening;
        let key = self.service_key(id, *form, scope, digest, &data_key)?;
        self.memory().remember(opening, key.clone(), now);
        Ok(key)
    }

    async fn wrapped_bytes(&self, wrapped: WrappedKey) -> Result<Bytes, Failure> {
        match (wrapped, &self.wrapped_keys) {
            (WrappedKey::Inline(bytes), _) => Ok(bytes),
            (WrappedKey::Stored(digest), Some(kept)) => kept.read(&digest).await,
            (WrappedKey::Stored(_), None) => Err(no_bucket(&self.name)),
        }
    }

    /// Remembers for some time that a wrapped key does not open, and returns its failure.
    fn refuse(
        &self,
        opening: &Opening,
        failure: Failure,
        caller: &Scope,
        time: Duration,
    ) -> Failure {
        let now = self.clock.now();
        self.memory().refuse(opening.clone(), failure.clone(), caller, (now, time));
        failure
    }

    fn service_key(
        &self,
        id: &str,
        form: Form,
        scope: &Scope,
        digest: &[u8; 32],
        data_key: &DataKey,
    ) -> Result<Arc<ServiceKey>, Failure> {
        let binding = Binding { ring: &self.name, namespace: scope.namespace(), digest };
        ServiceKey::new(id, form, &binding, data_key).map_err(Failure::from)
    }

    fn access(&self, opening: &Opening) -> Result<&Access, Failure> {
        let none = || Failure::new(ErrorKind::Internal, "a ring lost a key service");
        self.services.get(opening.service).ok_or_else(none)
    }

    fn check_budget(&self, caller: &Scope) -> Result<(), Failure> {
        let now = self.clock.now();
        let allows = self.memory().budget(caller, now).allows(now);
        allows.then_some(()).ok_or_else(|| outage::over_budget(&self.name, caller.namespace()))
    }

    /// Forgets the keys that a failed request revokes, and returns its failure.
    pub(crate) fn judge(&self, service: usize, failed: (Failure, Verdict)) -> Failure {
        let (failure, verdict) = failed;
        if let Verdict::Forget(scope) = verdict {
            self.memory().forget(service, scope.as_ref());
            self.forget_secrets(service, scope.as_ref());
        }
        failure
    }
}

fn no_random() -> Failure {
    Failure::new(ErrorKind::Internal, "the system's random source failed")
}
