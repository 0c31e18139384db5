//! How `wasmtime` is set up, and why.

use cloakroom_core::ByteSize;
use wasmtime::{
    Config, Enabled, Engine, PoolingAllocationConfig,
    component::{HasSelf, Linker},
};

use crate::{Limits, contract::v0_1::bindings::HostSide, instance::state::State};

/// What a fresh instance finds already mapped from its predecessor. Page faults are the price of a
/// fresh instance, and most calls touch less than this.
const RESIDENT: usize = 2 << 20;
const RESIDENT_STACK: usize = 64 << 10;

/// Core modules in one component: languages that link dynamically have dozens.
const MODULES: u32 = 64;

pub(crate) fn engine(limits: &Limits) -> wasmtime::Result<Engine> {
    Engine::new(config().allocation_strategy(pool(limits)))
}

/// An engine that compiles for [`engine`] and runs nothing: it needs no pool.
pub(crate) fn compiling() -> wasmtime::Result<Engine> {
    Engine::new(&config())
}

fn config() -> Config {
    let mut config = Config::new();
    config.epoch_interruption(true);
    // Costs a microsecond a call, and no world of ours is asynchronous inside.
    config.concurrency_support(false);
    // A stack is used again by other calls, and must not keep what an earlier one left on it.
    config.async_stack_zeroing(true);
    config
}

/// Slots for every instance that may run, codecs and drivers, and as many that wait warm.
fn slots(limits: &Limits) -> u32 {
    u32::try_from(limits.instances.get()).unwrap_or(u32::MAX).saturating_mul(3)
}

/// Address space of one slot: what a 32-bit guest can name, and a guard behind it. Compiled code then
/// needs no bounds checks; with less it would, and compute slower. Memory is what guests use of it.
const SLOT: ByteSize = ByteSize::mib(4096 + 32);

/// Address space that the slots take, as good as all that a host takes.
pub(crate) fn address_space(limits: &Limits) -> ByteSize {
    ByteSize::bytes(SLOT.get().saturating_mul(u64::from(slots(limits))))
}

fn pool(limits: &Limits) -> PoolingAllocationConfig {
    let instances = u32::try_from(limits.instances.get()).unwrap_or(u32::MAX);
    let slots = slots(limits);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(slots)
        .total_core_instances(slots.saturating_mul(MODULES))
        .total_memories(slots)
        .total_tables(slots.saturating_mul(4))
        .total_stacks(instances.saturating_mul(2).saturating_add(8))
        .max_core_instances_per_component(MODULES)
        .max_memories_per_component(4)
        .max_memories_per_module(2)
        .max_tables_per_component(MODULES)
        .max_tables_per_module(8)
        .max_component_instance_size(4 << 20)
        .max_core_instance_size(4 << 20)
        .table_elements(100_000)
        .max_memory_size(limits.memory.as_usize())
        .max_unused_warm_slots(slots)
        .linear_memory_keep_resident(RESIDENT)
        .table_keep_resident(RESIDENT)
        .async_stack_keep_resident(RESIDENT_STACK)
        .pagemap_scan(Enabled::Auto);
    pool
}

/// What plugins of our worlds may import.
pub(crate) fn linker(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = Linker::new(engine);
    HostSide::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state)?;
    Ok(linker)
}

/// The same with WASI's harmless part, for plugins that import any of it.
#[cfg(feature = "wasi")]
pub(crate) fn linker_with_wasi(engine: &Engine) -> wasmtime::Result<Linker<State>> {
    let mut linker = linker(engine)?;
    wasmtime_wasi::p2::add_to_linker_async(&mut linker)?;
    crate::contract::wasi::bound(&mut linker)?;
    Ok(linker)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_call_finds_what_another_left_on_its_stack() {
        let limits = Limits { instances: 1.try_into().unwrap(), ..Limits::default() };
        assert!(engine(&limits).unwrap().get_async_stack_zeroing());
    }
}
