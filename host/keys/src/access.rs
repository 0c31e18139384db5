//! Access to one configured key of a key service: bounded, paused while it fails, counted and logged.

mod trial;

use std::{
    fmt,
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use cloakroom_core::{
    DataKey, KeyContext, KeyFailure, KeyService, KeyServiceError, KeyUse, MAX_WRAPPED,
};
use lru::LruCache;
use tokio::{sync::Semaphore, time::timeout};

use crate::{
    audit,
    clock::Clock,
    failure::Failure,
    id::service_tag,
    metric,
    outage::{self, Outage},
    scope::Scope,
};

/// Most requests to one key at once. More wait.
const REQUESTS: usize = 16;

/// Longest wait for one request.
const PATIENCE: Duration = Duration::from_secs(10);

/// Most namespaces whose denials are remembered.
const DENIED: NonZeroUsize = NonZeroUsize::new(1000).unwrap();

/// Access to one key of a service.
pub(crate) struct Access {
    service: Arc<dyn KeyService>,
    /// URI as the configuration writes it, which payloads of temporal-proxy name.
    written: String,
    tag: String,
    ring: Arc<str>,
    clock: Arc<dyn Clock>,
    requests: Semaphore,
    outages: Mutex<Outages>,
}

struct Outages {
    /// Of the key, whoever asks.
    all: Option<Outage>,
    /// A policy may deny one namespace and allow another.
    denied: LruCache<Scope, Outage>,
}

/// Consequence of a failed request for the keys that are remembered.
pub(crate) enum Verdict {
    /// They go on.
    Keep,
    /// Those of this scope are forgotten, or all of the service's key.
    Forget(Option<Scope>),
}

impl Access {
    pub(crate) fn new(
        service: Arc<dyn KeyService>,
        written: String,
        ring: Arc<str>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let outages = Outages { all: None, denied: LruCache::new(DENIED) };
        Self {
            tag: service_tag(&ring, service.uri()),
            written,
            service,
            ring,
            clock,
            requests: Semaphore::new(REQUESTS),
            outages: Mutex::new(outages),
        }
    }

    pub(crate) fn uri(&self) -> &str {
        self.service.uri()
    }

    /// Returns the URI as payloads of temporal-proxy name it.
    pub(crate) fn written(&self) -> &str {
        &self.written
    }

    pub(crate) fn tag(&self) -> &str {
        &self.tag
    }

    /// Returns whether a payload of temporal-proxy that names `uri` is under this key.
    pub(crate) fn is_named(&self, uri: &str) -> bool {
        uri == self.written || uri == self.uri()
    }

    /// Returns the outage that the service's key is in.
    pub(crate) fn outage(&self) -> Option<Outage> {
        self.outages.lock().unwrap_or_else(PoisonError::into_inner).all.clone()
    }

    /// Refuses a request while the service pauses.
    ///
    /// # Errors
    /// The failure that began the pause.
    pub(crate) fn check(&self, scope: &Scope) -> Result<(), Failure> {
        let now = self.clock.now();
        let mut outages = self.outages.lock().unwrap_or_else(PoisonError::into_inner);
        let Outages { all, denied } = &mut *outages;
        let pausing = [all.as_ref(), denied.get(scope)].into_iter().flatten();
        match pausing.into_iter().find(|outage| outage.is_pausing(now)) {
            Some(outage) => Err(outage.failure(self.uri(), &self.ring, now)),
            None => Ok(()),
        }
    }

    /// Wraps a data key.
    ///
    /// # Errors
    /// The failure, and what it means for keys that are remembered.
    pub(crate) async fn wrap(
        &self,
        key: &DataKey,
        scope: &Scope,
        context: Option<&KeyContext>,
    ) -> Result<Bytes, (Failure, Verdict)> {
        let request = async {
            let wrapped = self.service.wrap(key, context).await?;
            if wrapped.is_empty() || wrapped.len() > MAX_WRAPPED {
                let text = format!("the wrapped key has {} bytes", wrapped.len());
                return Err(KeyServiceError::new(KeyFailure::Unavailable, text));
            }
            Ok(wrapped)
        };
        self.request("wrap", scope, request).await
    }

    /// Unwraps a data key, with an audit line. `label` is what the line shows of the wrapped key.
    ///
    /// # Errors
    /// As [`Access::wrap`].
    pub(crate) async fn unwrap(
        &self,
        wrapped: &[u8],
        scope: &Scope,
        context: Option<&KeyContext>,
        label: &str,
    ) -> Result<DataKey, (Failure, Verdict)> {
        let unwrapped = self.request("unwrap", scope, self.service.unwrap(wrapped, context)).await;
        let key_use = context.map_or(KeyUse::DataKey, |context| context.key_use);
        audit::unwrap(&self.ring, self.uri(), scope.namespace(), key_use, label, unwrapped.is_ok());
        unwrapped
    }

    async fn request<T>(
        &self,
        operation: &'static str,
        scope: &Scope,
        request: impl Future<Output = Result<T, KeyServiceError>>,
    ) -> Result<T, (Failure, Verdict)> {
        // Never closed.
        let _permit = self.requests.acquire().await;
        self.check(scope).map_err(|failure| (failure, Verdict::Keep))?;
        match self.send(operation, request).await {
            Ok(answer) => {
                self.recover(scope);
                Ok(answer)
            }
            Err(error) => Err(self.fail(scope, &error)),
        }
    }

    /// Sends one request, bounded in time and counted.
    async fn send<T>(
        &self,
        operation: &'static str,
        request: impl Future<Output = Result<T, KeyServiceError>>,
    ) -> Result<T, KeyServiceError> {
        let began = Instant::now();
        let answer = timeout(PATIENCE, request).await.unwrap_or_else(|_| {
            let text = format!("no answer within {} s", PATIENCE.as_secs());
            Err(KeyServiceError::new(KeyFailure::Unavailable, text))
        });
        let outcome = answer.as_ref().map_or_else(|error| error.kind().as_str(), |_| "success");
        metric::request(&self.ring, self.uri(), operation, outcome, began.elapsed());
        answer
    }

    fn recover(&self, scope: &Scope) {
        let mut outages = self.outages.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, denied) = (outages.all.take(), outages.denied.pop(scope));
        if let Some(outage) = all.or(denied) {
            let seconds = self.clock.now().saturating_sub(outage.since).as_secs();
            tracing::info!(
                ring = &*self.ring,
                service = self.uri(),
                seconds,
                "the key service answers again"
            );
        }
        metric::failing(&self.ring, self.uri(), false);
    }

    fn fail(&self, scope: &Scope, error: &KeyServiceError) -> (Failure, Verdict) {
        let kind = error.kind();
        // It says something about the bytes, and nothing about the service.
        if kind == KeyFailure::Mismatch {
            let failure = outage::failure(kind, self.uri(), &self.ring, error.text(), "");
            return (failure, Verdict::Keep);
        }
        let now = self.clock.now();
        let mut outages = self.outages.lock().unwrap_or_else(PoisonError::into_inner);
        let is_denied = kind == KeyFailure::Denied;
        let before = if is_denied { outages.denied.get(scope) } else { outages.all.as_ref() };
        let is_first = before.is_none();
        let outage = Outage::next(before, error, now);
        let failure = outage.failure(self.uri(), &self.ring, now);
        if is_denied {
            outages.denied.put(scope.clone(), outage);
        } else {
            outages.all = Some(outage);
        }
        drop(outages);
        metric::failing(&self.ring, self.uri(), true);
        if is_first {
            let (ring, service) = (&*self.ring, self.uri());
            let (kind, error) = (kind.as_str(), error.text());
            tracing::warn!(ring, service, kind, error, "a key service fails");
        }
        let scope = is_denied.then(|| scope.clone());
        (failure, if kind.revokes() { Verdict::Forget(scope) } else { Verdict::Keep })
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").field("uri", &self.uri()).finish_non_exhaustive()
    }
}
