//! Configuration of `wasmtime`, and the reasons for it.

use cloakroom_core::ByteSize;
use wasmtime::{Config, Enabled, Engine, PoolingAllocationConfig};

use super::processor::Processor;
use crate::limits::Limits;

/// Bytes of a slot's memory, and of its tables, that stay mapped after an instance: they are zeroed in place
/// instead. Page faults are most of what a fresh instance costs, and most calls touch less than this.
const RESIDENT: usize = 2 << 20;

/// Bytes of a fiber's stack that stay mapped, and are zeroed in place after each fresh instance. The bundled
/// codecs use 8 KiB to 12 KiB. What lies below goes back to the system, zeroed as well, and a call that needs
/// it takes some two microseconds for each page.
const RESIDENT_STACK: usize = 16 << 10;

/// Stacks beyond those of all slots.
const SPARE_STACKS: u32 = 8;

/// Most core modules in one component: languages that link dynamically have dozens.
const MODULES: u32 = 64;

/// Returns the engine of a host.
///
/// Its pooling allocator reserves the address space of all slots once. A fresh instance then takes a slot
/// and maps the component's initial memory into it copy on write: some fifteen microseconds, where `mmap`
/// and `munmap` for each call would take a lock on the whole process. That makes a fresh instance for each
/// call affordable, and with it that no call sees what another left behind.
pub(crate) fn engine(limits: &Limits) -> wasmtime::Result<Engine> {
    Engine::new(config().allocation_strategy(pool(limits)))
}

/// Returns an engine that compiles for [`engine`] and runs nothing, so that it needs no pool.
pub(crate) fn compiling(processor: Processor) -> wasmtime::Result<Engine> {
    let mut config = config();
    if processor != Processor::This {
        set_processor(&mut config, processor)?;
    }
    Engine::new(&config)
}

/// Sets the processor that code is compiled for.
#[cfg(feature = "compiler")]
#[expect(unsafe_code, reason = "naming features of a processor; see the argument")]
fn set_processor(config: &mut Config, processor: Processor) -> wasmtime::Result<()> {
    let system = if cfg!(target_os = "macos") { "apple-darwin" } else { "unknown-linux-gnu" };
    // With a target, the compiler takes nothing from the machine that it runs on.
    config.target(&format!("{}-{system}", std::env::consts::ARCH))?;
    if let Some(preset) = processor.preset() {
        // SAFETY: the method could switch off checks of the compiler. The names are those of three presets,
        // which add instructions and nothing else. Code with instructions that a machine lacks is refused
        // there, when it is loaded.
        unsafe { config.cranelift_flag_enable(preset) };
    }
    Ok(())
}

#[cfg(not(feature = "compiler"))]
fn set_processor(_: &mut Config, _: Processor) -> wasmtime::Result<()> {
    Err(wasmtime::Error::msg("this build has no compiler"))
}

fn config() -> Config {
    let mut config = Config::new();
    // A guest is interrupted by the epoch, at which its fiber yields its thread or traps. Without it a loop
    // would hold a thread of the host until the process ends.
    config.epoch_interruption(true);
    // Takes a microsecond a call, and no world of the contract has asynchronous functions.
    config.concurrency_support(false);
    // Stacks are used again by other calls, and an earlier call may have left payload bytes on one.
    config.async_stack_zeroing(true);
    config
}

/// Returns the number of slots: for all instances of codecs and of drivers in a call, and for as many warm
/// ones.
fn slots(limits: &Limits) -> u32 {
    u32::try_from(limits.instances.get()).unwrap_or(u32::MAX).saturating_mul(3)
}

/// Address space of one slot: all that a 32-bit guest can address, and a guard region behind it. Compiled
/// code then needs no bounds checks, which would slow every load and store. It is not memory: only pages
/// that a guest touches are.
const SLOT: ByteSize = ByteSize::mib(4096 + 32);

/// Returns the address space of all slots, which is nearly all that a host takes.
pub(crate) fn address_space(limits: &Limits) -> ByteSize {
    ByteSize::bytes(SLOT.get().saturating_mul(u64::from(slots(limits))))
}

fn pool(limits: &Limits) -> PoolingAllocationConfig {
    let slots = slots(limits);
    let mut pool = PoolingAllocationConfig::new();
    // An instance keeps the stack of its last call until it is dropped, so a warm one has a stack too. Some
    // are spare, since a slot may be taken again a moment before its last stack is back. Pages are reset only
    // if they were written, where the kernel can tell.
    pool.total_component_instances(slots)
        .total_core_instances(slots.saturating_mul(MODULES))
        .total_memories(slots)
        .total_tables(slots.saturating_mul(4))
        .total_stacks(slots.saturating_add(SPARE_STACKS))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_call_sees_what_another_left_on_its_stack() {
        let limits = Limits { instances: 1.try_into().unwrap(), ..Limits::default() };
        assert!(engine(&limits).unwrap().get_async_stack_zeroing());
    }

    /// A module with an empty start function, which runs on a stack.
    #[cfg(feature = "compiler")]
    const STARTS: [u8; 27] =
        *b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03\x02\x01\0\x08\x01\0\x0a\x04\x01\x02\0\x0b";

    #[cfg(feature = "compiler")]
    #[test]
    fn each_slot_has_a_stack_that_its_instance_keeps() {
        let limits = Limits { instances: 9.try_into().unwrap(), ..Limits::default() };
        let engine = engine(&limits).unwrap();
        let module = wasmtime::Module::new(&engine, STARTS).unwrap();
        let start = |_| {
            let mut store = wasmtime::Store::new(&engine, ());
            store.set_epoch_deadline(u64::MAX / 2);
            let started = wasmtime::Instance::new_async(&mut store, &module, &[]);
            futures::executor::block_on(started).map(|_| store)
        };
        let running: Vec<_> = (0..slots(&limits)).map(start).collect();
        assert!(running.iter().all(Result::is_ok), "{:?}", running.last().unwrap().as_ref().err());
    }
}
