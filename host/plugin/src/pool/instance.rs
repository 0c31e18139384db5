//! One running instance: its store, its component, and the calls that it makes into the guest.

use std::sync::Arc;

use bytes::Bytes;
use cloakroom_core::{Claim, Description, Direction, Error, Limit, Object, PutOutcome};
use wasmtime::{Store, UpdateDeadline};

use crate::{
    about::About,
    compute::{
        clock::{StopReason, Tick},
        large_work,
    },
    contract::v0_1::exports::linked_plugin::{Exports, LinkedPlugin},
    instance::{
        call::Call, config::InstanceConfig, fault::Fault, guest_error::GuestError,
        handle_table::HeldPayload, state::InstanceState, trap,
    },
    trace::TraceEvent,
};

/// Growth from which an instance is not kept warm. Linear memory never shrinks, so one large payload
/// would be paid for until the process ends.
const WARM_GROWTH: usize = 8 << 20;

/// Calls after which a warm instance is retired, so that leaks of its guest stay small.
const WARM_CALLS: u32 = 10_000;

/// One store and one running component.
pub(super) struct Instance {
    linked: Arc<LinkedPlugin>,
    store: Store<InstanceState>,
    exports: Exports,
    calls: u32,
    /// Memory after the start: languages that bring a runtime take megabytes before they do anything.
    initial_memory: usize,
    /// Whether the last call returned without a trap.
    is_sound: bool,
}

impl Instance {
    /// Starts an instance in a call.
    ///
    /// # Errors
    /// `Busy` if there is no room for it, or the error of a component that does not start.
    pub(super) async fn start(
        linked: Arc<LinkedPlugin>,
        config: Arc<InstanceConfig>,
        call: Call,
    ) -> Result<Self, Error> {
        let limits = &config.limits;
        let mut store = Store::new(linked.engine(), InstanceState::new(config.clone(), call));
        store.limiter_async(|state| &mut state.meter);
        // Bytes of all lists that one call of an import passes. The host would copy a list that the guest
        // made up out of overlapping parts of its memory; an honest one fits into that memory.
        store.set_hostcall_fuel(limits.output.min(limits.memory).as_usize());
        store.epoch_deadline_callback(|context| match context.data().call.clock.tick() {
            Tick::Continue => Ok(UpdateDeadline::Continue(1)),
            // The fiber is suspended, and the scheduler polls another guest on this thread.
            Tick::Yield => Ok(UpdateDeadline::Yield(1)),
            Tick::Stop(StopReason::TimeUp) => Fault::Limit(Limit::Time).trap(),
            Tick::Stop(StopReason::Abandoned) => {
                Fault::Internal("the caller no longer waits for the answer".to_owned()).trap()
            }
        });
        // One tick, not zero: a store at its deadline is interrupted at its first instruction.
        store.set_epoch_deadline(1);
        let started = linked.instantiate(&mut store).await;
        let exports = match started {
            Ok(exports) => exports,
            Err(error) => {
                trace_end(store.data(), Some(&error));
                return Err(trap::explain(error, limits));
            }
        };
        let initial_memory = store.data().meter.memory();
        Ok(Self { linked, store, exports, calls: 0, initial_memory, is_sound: false })
    }

    /// Puts an instance that is used again into a call.
    pub(super) fn begin_call(&mut self, call: Call) {
        self.is_sound = false;
        self.store.data_mut().begin_call(call);
    }

    /// Moves the call to a compute thread if the instance has so much memory that it may pass large lists.
    pub(super) async fn yield_before_lists(&mut self) {
        let InstanceState { meter, call, .. } = self.store.data_mut();
        large_work::yield_before_lists(meter.memory(), &call.clock).await;
    }

    pub(super) async fn about(&mut self) -> Result<About, Error> {
        self.prepare();
        let answer = self.linked.about(&mut self.store, &mut self.exports).await;
        answer.map_err(|error| self.explain(error))?.checked()
    }

    pub(super) async fn describe_codec(&mut self) -> Result<Description, Error> {
        self.prepare();
        let answer = self.linked.describe_codec(&mut self.store, &mut self.exports).await;
        answer.map_err(|error| self.explain(error))?
    }

    pub(super) async fn describe_driver(&mut self) -> Result<String, Error> {
        self.prepare();
        let answer = self.linked.describe_driver(&mut self.store, &mut self.exports).await;
        answer.map_err(|error| self.explain(error))?
    }

    pub(super) async fn run_codec(
        &mut self,
        direction: Direction,
        input: Box<HeldPayload>,
    ) -> Result<Option<Box<HeldPayload>>, Error> {
        self.prepare();
        let answer =
            self.linked.run_codec(&mut self.store, &mut self.exports, direction, input).await;
        let answer = answer.map_err(|error| self.explain(error))?;
        self.finish(answer)
    }

    pub(super) async fn store(&mut self, object: Object) -> Result<(Claim, PutOutcome), Error> {
        self.prepare();
        let answer = self.linked.store(&mut self.store, &mut self.exports, object).await;
        let answer = answer.map_err(|error| self.explain_driver(error))?;
        let progress = std::mem::take(&mut self.store.data_mut().call.progress);
        let claim = self.finish(answer)?;
        Ok((claim, progress.finish()?))
    }

    pub(super) async fn retrieve(&mut self, claim: &Claim) -> Result<Bytes, Error> {
        self.prepare();
        let answer = self.linked.retrieve(&mut self.store, &mut self.exports, claim).await;
        let answer = answer.map_err(|error| self.explain_driver(error))?;
        self.finish(answer)
    }

    /// Prepares the store for a call into the guest.
    fn prepare(&mut self) {
        // The deadline of a store is an absolute epoch. A store that waited in the pool is far behind it,
        // and would be interrupted at its first instruction.
        self.store.set_epoch_deadline(1);
        self.calls += 1;
        self.is_sound = false;
    }

    /// Ends a call that returned without a trap, and explains the guest's error if it returned one.
    fn finish<T>(&mut self, answer: Result<T, GuestError>) -> Result<T, Error> {
        trace_end(self.store.data(), None);
        let state = self.store.data_mut();
        let refusal = state.take_refusal();
        state.end_call();
        self.is_sound = true;
        let config = &state.config;
        answer.map_err(|error| error.explain(refusal, &config.grants, &config.settings))
    }

    fn explain(&self, error: wasmtime::Error) -> Error {
        trace_end(self.store.data(), Some(&error));
        trap::explain(error, &self.store.data().config.limits)
    }

    fn explain_driver(&self, error: wasmtime::Error) -> Error {
        trap::of_driver(self.explain(error), &self.store.data().config.limits)
    }

    /// Returns the bytes that the instance has charged the process.
    pub(super) fn charged_bytes(&self) -> usize {
        self.store.data().meter.charged()
    }

    /// Returns whether the instance can be used for another call, and is worth keeping.
    ///
    /// After a trap, or a list that the bindings refused, its memory is in a state that nobody described.
    /// A fresh one costs some fifteen microseconds, so in doubt it is retired.
    pub(super) fn is_reusable(&self) -> bool {
        let state = self.store.data();
        self.is_sound
            && self.calls < WARM_CALLS
            && state.meter.memory() <= self.initial_memory + WARM_GROWTH
            && !state.is_exhausted()
    }
}

/// Traces the end of a call, and the error that ended it.
fn trace_end(state: &InstanceState, error: Option<&wasmtime::Error>) {
    if let Some(trace) = &state.config.grants.trace {
        if let Some(error) = error {
            trace.receive(TraceEvent::Trap { backtrace: trap::backtrace(error) });
        }
        trace.receive(TraceEvent::End { memory: state.meter.memory() as u64 });
    }
}
