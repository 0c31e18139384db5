//! An instance: one store and one live component.

use std::{
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use cloakroom_core::{Claim, Description, Direction, Error, Limit, Object, Payload, PutOutcome};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::{Store, UpdateDeadline};

use crate::{
    contract::v0_1::Exports,
    fault::{self, Fault},
    host::Shared,
    loaded::Loaded,
    scope::Scope,
    state::{Call, State},
};

/// An instance that grew by more than this is not kept warm: memory never shrinks.
const KEPT_GROWTH: usize = 8 << 20;

/// Calls after which a warm instance is retired, so that leaks stay small.
const KEPT_CALLS: u32 = 10_000;

pub(crate) struct Live {
    store: Store<State>,
    exports: Exports,
    calls: u32,
    /// What it began with: languages that bring a runtime take megabytes before they do anything.
    memory: usize,
    /// Whether its last call came to an end of its own.
    sound: bool,
    /// Its place among those that wait warm.
    pub(crate) idle: Option<OwnedSemaphorePermit>,
}

impl Live {
    pub(crate) async fn start(
        plugin: &Loaded,
        scope: Arc<Scope>,
        call: Call,
    ) -> Result<Self, Error> {
        let limits = &plugin.host.0.limits;
        let mut store = Store::new(plugin.prepared.engine(), State::new(scope, call));
        store.limiter(|state| &mut state.meter);
        store.set_hostcall_fuel(limits.output.as_usize());
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|context| {
            match context.data().call.deadline <= Instant::now() {
                true => Fault::Limit(Limit::Time).trap(),
                false => Ok(UpdateDeadline::Yield(1)),
            }
        });
        let _awake = plugin.host.0.ticker.enter();
        let started = plugin.prepared.instantiate(&mut store).await;
        let exports = started.map_err(|error| fault::explain(&error, limits))?;
        let memory = store.data().meter.memory();
        Ok(Self { store, exports, calls: 0, memory, sound: false, idle: None })
    }

    pub(crate) fn begin(&mut self, call: Call) {
        #[cfg(feature = "wasi")]
        if let Some(wasi) = &mut self.store.data_mut().wasi {
            wasi.begin_call(call.confidential);
        }
        self.store.data_mut().begin(call);
    }

    pub(crate) async fn describe_codec(&mut self, plugin: &Loaded) -> Result<Description, Error> {
        let deadline = self.ready();
        let asked = plugin.prepared.describe_codec(&mut self.store, &mut self.exports);
        bounded(plugin, deadline, asked).await?
    }

    pub(crate) async fn describe_driver(&mut self, plugin: &Loaded) -> Result<String, Error> {
        let deadline = self.ready();
        let asked = plugin.prepared.describe_driver(&mut self.store, &mut self.exports);
        bounded(plugin, deadline, asked).await?
    }

    pub(crate) async fn change(
        &mut self,
        plugin: &Loaded,
        direction: Direction,
        payload: Payload,
    ) -> Result<Option<Payload>, Error> {
        let deadline = self.ready();
        let asked = plugin.prepared.change(&mut self.store, &mut self.exports, direction, payload);
        let answer = bounded(plugin, deadline, asked).await?;
        self.finish(answer)
    }

    pub(crate) async fn store(
        &mut self,
        plugin: &Loaded,
        object: Object,
    ) -> Result<(Claim, PutOutcome), Error> {
        let deadline = self.ready();
        let asked = plugin.prepared.store(&mut self.store, &mut self.exports, object);
        let answer = bounded(plugin, deadline, asked).await;
        let answer = answer.map_err(|error| fault::of_driver(error, &plugin.host.0.limits))?;
        let progress = std::mem::take(&mut self.store.data_mut().call.progress);
        let claim = self.finish(answer)?;
        Ok((claim, progress.finish()?))
    }

    pub(crate) async fn retrieve(
        &mut self,
        plugin: &Loaded,
        claim: &Claim,
    ) -> Result<Bytes, Error> {
        let deadline = self.ready();
        let asked = plugin.prepared.retrieve(&mut self.store, &mut self.exports, claim);
        let answer = bounded(plugin, deadline, asked).await;
        let answer = answer.map_err(|error| fault::of_driver(error, &plugin.host.0.limits))?;
        self.finish(answer)
    }

    /// The call came to an end of its own. An error of the guest's that hands on what a bucket said
    /// gets the bucket's own words as its cause.
    fn finish<T>(&mut self, answer: Result<T, Error>) -> Result<T, Error> {
        let cause = self.store.data_mut().call.cause.take();
        self.store.data_mut().end();
        self.sound = true;
        answer.map_err(|error| fault::handed_on(error, cause))
    }

    /// The deadline of a store is absolute: without this, one that waited would be interrupted at
    /// its first instruction.
    fn ready(&mut self) -> Instant {
        self.store.set_epoch_deadline(1);
        self.calls += 1;
        self.sound = false;
        self.store.data().call.deadline
    }

    /// Whether it can be used again, and is worth keeping.
    pub(crate) fn is_fit(&self) -> bool {
        let state = self.store.data();
        self.sound
            && self.calls < KEPT_CALLS
            && state.meter.memory() <= self.memory + KEPT_GROWTH
            && !state.worn()
    }
}

/// Runs a call within its time. The clock interrupts what computes, and what our own imports wait for
/// has the call's deadline; only what waits in WASI is given up here, since a timer has its price.
async fn bounded<T>(
    plugin: &Loaded,
    deadline: Instant,
    call: impl Future<Output = wasmtime::Result<T>>,
) -> Result<T, Error> {
    let shared = &*plugin.host.0;
    let _awake = shared.ticker.enter();
    let finished = match plugin.inspection.uses_wasi() {
        false => call.await,
        true => match tokio::time::timeout_at(deadline.into(), call).await {
            Ok(finished) => finished,
            Err(_) => Fault::Limit(Limit::Time).trap(),
        },
    };
    finished.map_err(|error| fault::explain(&error, &shared.limits))
}

/// One that waits for a place, counted for as long as it does, also if it is given up.
struct Waiting(metrics::Gauge);

impl Waiting {
    fn begin(part: &'static str) -> Self {
        let waiting = metrics::gauge!("cloakroom_instances_waiting", "part" => part);
        waiting.increment(1);
        Self(waiting)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.decrement(1);
    }
}

impl Shared {
    /// Waits for a place among the running instances, for as long as a call may take.
    pub(crate) async fn admit(&self) -> Result<OwnedSemaphorePermit, Error> {
        self.admit_to(&self.running, self.limits.time, "stage").await
    }

    /// The same among drivers, which wait for stores: a store that hangs must not keep codecs out.
    pub(crate) async fn admit_driver(&self) -> Result<OwnedSemaphorePermit, Error> {
        self.admit_to(&self.storing, self.limits.driver_time, "driver").await
    }

    async fn admit_to(
        &self,
        places: &Arc<Semaphore>,
        time: Duration,
        part: &'static str,
    ) -> Result<OwnedSemaphorePermit, Error> {
        if let Ok(permit) = places.clone().try_acquire_owned() {
            return Ok(permit);
        }
        let _counted = Waiting::begin(part);
        match tokio::time::timeout(time, places.clone().acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(fault::busy(&self.limits)),
        }
    }
}
