//! Keys that a ring remembers: those that seal, those that opened a payload, and ids that open nothing.

use std::{num::NonZeroUsize, sync::Arc, time::Duration};

use lru::LruCache;

use crate::{
    budget::Budget,
    failure::Failure,
    metric,
    scope::Scope,
    service_key::ServiceKey,
    settings::{DataKeySettings, Form, OpenedSettings},
};

/// Most namespaces whose data keys are remembered.
const SCOPES: NonZeroUsize = NonZeroUsize::new(10_000).unwrap();

/// Most wrapped keys that are remembered because they do not unwrap.
const REFUSED: NonZeroUsize = NonZeroUsize::new(1000).unwrap();

/// A wrapped key of a payload: what it is looked up by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Opening {
    /// Place of the service's key among those of the ring.
    pub(crate) service: usize,
    pub(crate) scope: Scope,
    pub(crate) form: Form,
    /// True if a bucket holds the wrapped key. A stranger's digest must not have an inline key refused.
    pub(crate) is_stored: bool,
    pub(crate) digest: [u8; 32],
}

/// A key, and whether the next one should be fetched meanwhile.
pub(crate) struct AtHand {
    pub(crate) key: Arc<ServiceKey>,
    pub(crate) is_due: bool,
}

/// Answer of the memory about a wrapped key.
pub(crate) enum Known {
    Key(AtHand),
    /// It did not unwrap.
    Refused(Failure),
    Unknown,
}

/// A key, and when it came.
pub(crate) struct Entry {
    pub(crate) key: Arc<ServiceKey>,
    pub(crate) since: Duration,
}

/// A wrapped key that did not unwrap.
struct Refusal {
    failure: Failure,
    until: Duration,
}

/// Keys that a ring remembers.
pub(crate) struct Memory {
    pub(crate) current: LruCache<Scope, Entry>,
    opened: LruCache<Opening, Entry>,
    /// Meanings of ids that opened before: to read one takes half as long as to open a small payload.
    ids: LruCache<Box<str>, Opening>,
    refused: LruCache<Opening, Refusal>,
    budgets: LruCache<Scope, Budget>,
    age: Duration,
    /// True while a task forgets keys in time.
    pub(crate) is_swept: bool,
}

impl Memory {
    pub(crate) fn new(opened: OpenedSettings) -> Self {
        Self {
            current: LruCache::new(SCOPES),
            opened: LruCache::new(opened.keys),
            ids: LruCache::new(opened.keys),
            refused: LruCache::new(REFUSED),
            budgets: LruCache::new(SCOPES),
            age: opened.age,
            is_swept: false,
        }
    }

    /// Returns the key that seals, if it still may.
    pub(crate) fn sealing(
        &mut self,
        scope: &Scope,
        settings: &DataKeySettings,
        now: Duration,
    ) -> Option<AtHand> {
        let Entry { key, since } = self.current.get(scope)?;
        let (age, messages) = (now.saturating_sub(*since), key.messages());
        let most = settings.messages.get();
        if age >= settings.lifetime || messages >= most {
            return None;
        }
        let is_due =
            age + settings.renew_before >= settings.lifetime || messages >= most - most / 4;
        Some(AtHand { key: key.clone(), is_due })
    }

    /// Seals with this key from now on.
    pub(crate) fn seal_with(
        &mut self,
        ring: &str,
        scope: Scope,
        key: Arc<ServiceKey>,
        now: Duration,
    ) {
        if let Some((_, before)) = self.current.push(scope, Entry { key, since: now }) {
            metric::replaced(ring, before.key.messages());
        }
    }

    /// Returns what is known of a wrapped key.
    pub(crate) fn opening(&mut self, opening: &Opening, now: Duration) -> Known {
        if let Some(Entry { key, since }) = self.opened.get(opening) {
            let age = now.saturating_sub(*since);
            if age < self.age {
                let is_due = age >= due(self.age);
                return Known::Key(AtHand { key: key.clone(), is_due });
            }
            self.opened.pop(opening);
        }
        match self.refused.get(opening) {
            Some(refusal) if now < refusal.until => Known::Refused(refusal.failure.clone()),
            _ => Known::Unknown,
        }
    }

    /// Returns what is known of the wrapped key in an id, and remembers what the id means if its key is at
    /// hand.
    pub(crate) fn opening_of(&mut self, id: &str, opening: &Opening, now: Duration) -> Known {
        let known = self.opening(opening, now);
        if matches!(known, Known::Key(_)) {
            self.ids.put(id.into(), opening.clone());
        }
        known
    }

    /// Returns the key of an id that opened before; none if the id has to be read, since it is not known, the
    /// namespace is another, or the key is too old or due.
    pub(crate) fn opened_before(
        &mut self,
        id: &str,
        namespace: Option<&str>,
        now: Duration,
    ) -> Option<Arc<ServiceKey>> {
        let opening = self.ids.get(id).filter(|opening| opening.scope.holds(namespace))?;
        let Entry { key, since } = self.opened.get(opening)?;
        (now.saturating_sub(*since) < due(self.age)).then(|| key.clone())
    }

    /// Remembers an unwrapped key.
    pub(crate) fn remember(&mut self, opening: Opening, key: Arc<ServiceKey>, now: Duration) {
        self.opened.put(opening, Entry { key, since: now });
    }

    /// Remembers for some time that a wrapped key does not unwrap, and counts it against the caller's
    /// budget.
    pub(crate) fn refuse(
        &mut self,
        opening: Opening,
        failure: Failure,
        caller: &Scope,
        (now, time): (Duration, Duration),
    ) {
        self.opened.pop(&opening);
        self.refused.put(opening, Refusal { failure, until: now + time });
        self.budget(caller, now).spend();
    }

    pub(crate) fn budget(&mut self, caller: &Scope, now: Duration) -> &mut Budget {
        self.budgets.get_or_insert_mut(caller.clone(), || Budget::new(now))
    }

    /// Forgets the keys under a service's key: all, or those of one scope.
    pub(crate) fn forget(&mut self, service: usize, scope: Option<&Scope>) {
        let is_of = |other: &Scope| scope.is_none_or(|scope| scope == other);
        let of_opening = |opening: &Opening| opening.service == service && is_of(&opening.scope);
        drop_if(&mut self.opened, |opening, _| of_opening(opening));
        // The first service's key wraps what seals.
        if service == 0 {
            drop_if(&mut self.current, |scope, _| is_of(scope));
        }
    }

    /// Returns the time after which the service is asked again.
    pub(crate) fn age(&self) -> Duration {
        self.age
    }

    /// Forgets the keys whose time is over. Returns whether others are left; if none are, the sweeping ends.
    pub(crate) fn sweep(&mut self, ring: &str, lifetime: Duration, now: Duration) -> bool {
        let is_over = |since: Duration, time| now.saturating_sub(since) >= time;
        drop_if(&mut self.current, |_, entry| {
            let is_over = is_over(entry.since, lifetime);
            if is_over {
                metric::replaced(ring, entry.key.messages());
            }
            is_over
        });
        let age = self.age;
        drop_if(&mut self.opened, |_, entry| is_over(entry.since, age));
        let opened = &self.opened;
        drop_if(&mut self.ids, |_, opening| !opened.contains(opening));
        drop_if(&mut self.refused, |_, refusal| refusal.until <= now);
        self.is_swept = !(self.current.is_empty() && self.opened.is_empty());
        self.is_swept
    }

    /// Seals with none of the current keys any more. They still open.
    pub(crate) fn rotate(&mut self) {
        self.current.clear();
    }

    pub(crate) fn opened_keys(&self) -> usize {
        self.opened.len()
    }
}

/// Returns the age at which the service is asked again for a key that may open until `age`.
fn due(age: Duration) -> Duration {
    age / 4 * 3
}

fn drop_if<K: Clone + Eq + std::hash::Hash, V>(
    cache: &mut LruCache<K, V>,
    is_dropped: impl Fn(&K, &V) -> bool,
) {
    let dropped = cache.iter().filter(|(key, value)| is_dropped(key, value));
    let keys: Vec<K> = dropped.map(|(key, _)| key.clone()).collect();
    keys.iter().for_each(|key| drop(cache.pop(key)));
}
