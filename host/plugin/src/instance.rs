//! An instance: one store and one live component.

pub(crate) mod buffer_writer;
pub(crate) mod config;
pub(crate) mod fault;
pub(crate) mod guest_error;
pub(crate) mod guest_log;
pub(crate) mod handles;
pub(crate) mod held_memory;
pub(crate) mod meter;
pub(crate) mod pool;
pub(crate) mod rope;
pub(crate) mod state;
pub(crate) mod warm_capacity;
#[cfg(feature = "wasi")]
pub(crate) mod wasi;

use std::sync::Arc;

use bytes::Bytes;
use cloakroom_core::{Claim, Description, Direction, Error, Object, Payload, PutOutcome};
use wasmtime::{Store, UpdateDeadline};

use crate::{
    compute::{Tick, long_work},
    contract::v0_1::Exports,
    instance::{
        config::InstanceConfig,
        guest_error::GivenUp,
        state::{Call, State},
        warm_capacity::Place,
    },
    loaded::PluginInner,
};

/// An instance that grew by more than this is not kept warm: memory never shrinks.
const KEPT_GROWTH: usize = 8 << 20;

/// Calls after which a warm instance is retired, so that leaks stay small.
const KEPT_CALLS: u32 = 10_000;

pub(crate) struct Instance {
    store: Store<State>,
    exports: Exports,
    calls: u32,
    /// What it began with: languages that bring a runtime take megabytes before they do anything.
    memory: usize,
    /// Whether its last call came to an end of its own.
    sound: bool,
    /// Its place among those that wait warm.
    pub(crate) idle: Option<Place>,
}

impl Instance {
    pub(crate) async fn start(
        plugin: &PluginInner,
        scope: Arc<InstanceConfig>,
        call: Call,
    ) -> Result<Self, Error> {
        let limits = &plugin.host.0.limits;
        let mut store = Store::new(plugin.prepared.engine(), State::new(scope, call));
        store.limiter_async(|state| &mut state.meter);
        // Bytes of the lists in one call of an import. An honest one fits into the guest's memory.
        store.set_hostcall_fuel(limits.output.min(limits.memory).as_usize());
        store.set_epoch_deadline(1);
        store.epoch_deadline_callback(|context| match context.data().call.clock.tick() {
            Tick::GoOn => Ok(UpdateDeadline::Continue(1)),
            Tick::GiveWay => Ok(UpdateDeadline::Yield(1)),
            Tick::End(fault) => fault.trap(),
        });
        let started = plugin.prepared.instantiate(&mut store).await;
        let exports = started.map_err(|error| fault::explain(error, limits))?;
        let memory = store.data().meter.memory();
        Ok(Self { store, exports, calls: 0, memory, sound: false, idle: None })
    }

    pub(crate) async fn begin(&mut self, call: Call) {
        let clock = call.clock.clone();
        #[cfg(feature = "wasi")]
        if let Some(wasi) = &mut self.store.data_mut().wasi {
            wasi.begin_call(call.confidential);
        }
        self.store.data_mut().begin(call);
        long_work::begin_lists(self.store.data().meter.memory(), &clock).await;
    }

    pub(crate) async fn describe_codec(
        &mut self,
        plugin: &PluginInner,
    ) -> Result<Description, Error> {
        self.ready();
        let asked = plugin.prepared.describe_codec(&mut self.store, &mut self.exports).await;
        asked.map_err(explained(plugin))?
    }

    pub(crate) async fn describe_driver(&mut self, plugin: &PluginInner) -> Result<String, Error> {
        self.ready();
        let asked = plugin.prepared.describe_driver(&mut self.store, &mut self.exports).await;
        asked.map_err(explained(plugin))?
    }

    pub(crate) async fn change(
        &mut self,
        plugin: &PluginInner,
        direction: Direction,
        payload: Payload,
    ) -> Result<Option<Payload>, Error> {
        self.ready();
        let asked = plugin.prepared.change(&mut self.store, &mut self.exports, direction, payload);
        let answer = asked.await.map_err(explained(plugin))?;
        self.finish(answer)
    }

    pub(crate) async fn store(
        &mut self,
        plugin: &PluginInner,
        object: Object,
    ) -> Result<(Claim, PutOutcome), Error> {
        self.ready();
        let asked = plugin.prepared.store(&mut self.store, &mut self.exports, object);
        let answer = asked.await.map_err(explained(plugin));
        let answer = answer.map_err(|error| fault::of_driver(error, &plugin.host.0.limits))?;
        let progress = std::mem::take(&mut self.store.data_mut().call.progress);
        let claim = self.finish(answer)?;
        Ok((claim, progress.finish()?))
    }

    pub(crate) async fn retrieve(
        &mut self,
        plugin: &PluginInner,
        claim: &Claim,
    ) -> Result<Bytes, Error> {
        self.ready();
        let asked = plugin.prepared.retrieve(&mut self.store, &mut self.exports, claim);
        let answer = asked.await.map_err(explained(plugin));
        let answer = answer.map_err(|error| fault::of_driver(error, &plugin.host.0.limits))?;
        self.finish(answer)
    }

    /// Ends a call that came to an end of its own, and says what became of it.
    fn finish<T>(&mut self, answer: Result<T, GivenUp>) -> Result<T, Error> {
        let state = self.store.data_mut();
        let refusal = state.call.refusal.take();
        state.end();
        self.sound = true;
        answer.map_err(|given_up| {
            given_up.explain(refusal, &state.scope.grants, &state.scope.settings)
        })
    }

    /// The epoch's deadline of a store is absolute: without this, one that waited would be interrupted
    /// at its first instruction.
    fn ready(&mut self) {
        self.store.set_epoch_deadline(1);
        self.calls += 1;
        self.sound = false;
    }

    /// Returns what it has charged the process for.
    pub(crate) fn charged(&self) -> usize {
        self.store.data().meter.charged()
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

fn explained(plugin: &PluginInner) -> impl FnOnce(wasmtime::Error) -> Error + '_ {
    |error| fault::explain(error, &plugin.host.0.limits)
}
