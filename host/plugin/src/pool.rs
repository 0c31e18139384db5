//! Pool of the instances of one codec or driver: fresh for each call, or kept warm.

mod instance;
pub(crate) mod warm_capacity;

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use cloakroom_core::{Claim, Description, Direction, Error, Object, PutOutcome};

use self::{
    instance::Instance,
    warm_capacity::{WarmCapacity, WarmSlot},
};
use crate::{
    about::About,
    compute::permit::CallPermit,
    contract::v0_1::exports::linked_plugin::LinkedPlugin,
    instance::{call::Call, config::InstanceConfig, handle_table::HeldPayload},
};

/// Lifetime of the instances of a codec or a driver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reuse {
    /// A fresh instance for each call. Nothing outlives the call, neither a secret nor damage that a
    /// hostile payload has done.
    #[default]
    Fresh,
    /// Instances are kept and used again, for plugins that are trusted with what they saw before. Saves
    /// the cost of a fresh instance, about ten microseconds a call.
    Warm,
}

/// Instances of one codec or driver.
pub(crate) struct InstancePool {
    linked: Arc<LinkedPlugin>,
    config: Arc<InstanceConfig>,
    /// `None` if every call gets a fresh instance.
    warm: Option<WarmInstances>,
}

struct WarmInstances {
    capacity: WarmCapacity,
    /// Boxed, as they are in a call: an instance is large, and is moved in and out for each one.
    idle: Mutex<Vec<(Box<Instance>, WarmSlot)>>,
}

impl InstancePool {
    /// Returns a pool without instances. `capacity` bounds how many are kept warm.
    pub(crate) fn new(
        linked: Arc<LinkedPlugin>,
        config: Arc<InstanceConfig>,
        reuse: Reuse,
        capacity: &WarmCapacity,
    ) -> Self {
        let warm = match reuse {
            Reuse::Fresh => None,
            Reuse::Warm => {
                Some(WarmInstances { capacity: capacity.clone(), idle: Mutex::default() })
            }
        };
        Self { linked, config, warm }
    }

    pub(crate) fn config(&self) -> &InstanceConfig {
        &self.config
    }

    /// Takes an instance for one call.
    ///
    /// # Errors
    /// The error of an instance that does not start.
    pub(crate) async fn take(
        self: &Arc<Self>,
        permit: CallPermit,
        call: Call,
    ) -> Result<TakenInstance, Error> {
        let instance = match self.take_warm() {
            Some(mut instance) => {
                instance.begin_call(call);
                // May be pending. If the future is dropped meanwhile, the instance is dropped with it.
                instance.yield_before_lists().await;
                instance
            }
            // Boxed: a warm call has room for it too, and it is large.
            None => {
                let start = Instance::start(self.linked.clone(), self.config.clone(), call);
                Box::new(Box::pin(start).await?)
            }
        };
        Ok(TakenInstance { instance, pool: self.clone(), _permit: permit })
    }

    fn take_warm(&self) -> Option<Box<Instance>> {
        // Its slot is released here: an instance in a call counts against `Limits::instances` only.
        let (instance, _slot) = self.warm.as_ref()?.lock().pop()?;
        Some(instance)
    }

    fn put_back(&self, instance: Box<Instance>) {
        let Some(warm) = self.warm.as_ref().filter(|_| instance.is_reusable()) else {
            return;
        };
        if let Some(slot) = warm.capacity.reserve(instance.charged_bytes()) {
            warm.lock().push((instance, slot));
        }
    }
}

impl WarmInstances {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<(Box<Instance>, WarmSlot)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Instance in one call, with the permit to hold it and, in the permit, the call's deadline.
///
/// Each call consumes it. Afterwards the instance is back in its pool if the call ended without a trap
/// and the instance is worth keeping; otherwise it is dropped. It is dropped as well if the call's future
/// is dropped: an instance that was interrupted is in a state that nobody described.
pub(crate) struct TakenInstance {
    instance: Box<Instance>,
    pool: Arc<InstancePool>,
    _permit: CallPermit,
}

impl TakenInstance {
    /// Asks a plugin about itself. The instance is not used again.
    pub(crate) async fn about(mut self) -> Result<About, Error> {
        self.instance.about().await
    }

    /// Asks a codec for its description. The instance is not used again.
    pub(crate) async fn describe_codec(mut self) -> Result<Description, Error> {
        self.instance.describe_codec().await
    }

    /// Asks a driver for its kind. The instance is not used again.
    pub(crate) async fn describe_driver(mut self) -> Result<String, Error> {
        self.instance.describe_driver().await
    }

    /// Encodes or decodes a payload. `None` means that the codec leaves it as it is.
    pub(crate) async fn run_codec(
        mut self,
        direction: Direction,
        input: Box<HeldPayload>,
    ) -> Result<Option<Box<HeldPayload>>, Error> {
        let answer = self.instance.run_codec(direction, input).await;
        self.pool.put_back(self.instance);
        answer
    }

    /// Stores an object, and returns its claim and whether it was written.
    pub(crate) async fn store(mut self, object: Object) -> Result<(Claim, PutOutcome), Error> {
        let answer = self.instance.store(object).await;
        self.pool.put_back(self.instance);
        answer
    }

    /// Retrieves the object of a claim.
    pub(crate) async fn retrieve(mut self, claim: &Claim) -> Result<Bytes, Error> {
        let answer = self.instance.retrieve(claim).await;
        self.pool.put_back(self.instance);
        answer
    }
}
