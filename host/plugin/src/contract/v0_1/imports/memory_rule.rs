//! Test of the memory rule against the allocator: after each import of a random program, no more is
//! allocated than is reserved.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    sync::Arc,
    time::{Duration, Instant},
};

use cloakroom_core::{ByteSize, Context, MemoryBudget, Payload};
use futures::FutureExt as _;
use wasmtime::{ResourceLimiterAsync as _, component::Resource};

use crate::{
    compute::clock::Clock,
    contract::v0_1::bindings::cloakroom::plugin::{
        buffers::{HostBuffer, HostWriter},
        types::HostPayload,
    },
    grants::Grants,
    instance::{
        call::Call, config::InstanceConfig, key_messages::KeyMessages, state::InstanceState,
    },
    limits::{
        Limits,
        own::{OwnLimits, PluginLimits},
    },
    settings::Settings,
};

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

/// System allocator that counts the bytes of each thread.
struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[expect(unsafe_code, reason = "an allocator is")]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let live = LIVE.get().wrapping_add(layout.size());
        LIVE.set(live);
        PEAK.set(PEAK.get().max(live));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.set(LIVE.get().wrapping_sub(layout.size()));
        unsafe { System.dealloc(pointer, layout) }
    }
}

const HELD: usize = 2 << 20;

/// Bytes of a handle that are not reserved: its slot, the list of its parts, its reservations.
const HANDLE: usize = 768;

/// Bytes of an instance that are not reserved.
const FIXED: usize = 16 << 10;

/// Returns the state of an instance in a call, which runs in its caller's task or not.
fn state(inline: bool) -> InstanceState {
    let limits = Limits { held: ByteSize::bytes(HELD as u64), ..Limits::default() };
    let config = InstanceConfig {
        plugin: "rule".into(),
        settings: Settings::none(),
        grants: Grants::none(),
        memory: MemoryBudget::new(limits.call_bytes, limits.process_bytes),
        limits: PluginLimits::new(&limits, OwnLimits::default(), false).unwrap().into(),
        key_messages: KeyMessages::default(),
    };
    let hour = Duration::from_secs(3600);
    let clock = Arc::new(Clock::new(hour, Instant::now() + hour));
    if inline {
        clock.begin_inline(Instant::now());
    }
    InstanceState::new(Arc::new(config), Call::new(Context::none(), clock))
}

/// Guest that runs a random program, and its handles.
struct Program {
    state: InstanceState,
    random: u64,
    buffers: Vec<u32>,
    payloads: Vec<u32>,
    writers: Vec<u32>,
}

impl Program {
    fn new(seed: u64) -> Self {
        let none = || Vec::with_capacity(1024);
        let random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        Self { state: state(false), random, buffers: none(), payloads: none(), writers: none() }
    }

    fn below(&mut self, most: usize) -> usize {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        (self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % most
    }

    fn some(&mut self, of: fn(&Self) -> &Vec<u32>) -> Option<u32> {
        let index = self.below(of(self).len().max(1));
        of(self).get(index).copied()
    }

    fn handles(&self) -> usize {
        self.buffers.len() + self.payloads.len() + self.writers.len()
    }

    /// Calls one import. Returns `None` if it was refused, or had no handle to work on.
    fn step(&mut self, list: Vec<u8>, entries: Vec<(String, Vec<u8>)>) -> Option<()> {
        let choice = self.below(16);
        let buffer = self.some(|program| &program.buffers);
        let payload = self.some(|program| &program.payloads);
        let writer = self.some(|program| &program.writers);
        let size = list.len() as u64;
        let state = &mut self.state;
        match choice {
            0 | 1 => self.buffers.push(HostBuffer::new(state, list).ok()?.rep()),
            2 => {
                let cut = state.slice(borrow(buffer?), size / 2, size).ok()?;
                self.buffers.push(cut.rep());
            }
            3 => drop(now(state.read(borrow(buffer?), size / 4, list.len() as u32))?),
            4 => self.writers.push(HostWriter::new(state).ok()?.rep()),
            5 | 6 => now(state.write(borrow(writer?), list))?,
            7 => now(state.append(borrow(writer?), borrow(buffer?)))?,
            8 => {
                let writer = writer?;
                self.writers.retain(|other| *other != writer);
                self.buffers.push(state.finish(Resource::new_own(writer)).ok()?.rep());
            }
            9 => {
                let made = now(HostPayload::new(state, entries, borrow(buffer?)))?;
                self.payloads.push(made.rep());
            }
            10 => {
                let made = now(state.from_envelope(borrow(buffer?)))?.ok()?;
                self.payloads.push(made.rep());
            }
            11 => self.buffers.push(state.envelope(borrow(payload?)).ok()?.rep()),
            12 => self.buffers.push(state.data(borrow(payload?)).ok()?.rep()),
            13 => drop(state.metadata(borrow(payload?)).ok()?),
            14 => {
                let payload = payload?;
                self.payloads.retain(|other| *other != payload);
                state.discard(payload).ok()?;
            }
            _ => {
                let buffer = buffer?;
                self.buffers.retain(|other| *other != buffer);
                state.discard(buffer).ok()?;
            }
        }
        Some(())
    }
}

fn borrow<T: 'static>(number: u32) -> Resource<T> {
    Resource::new_borrow(number)
}

/// Returns the answer of an import that does not wait.
fn now<T>(asked: impl Future<Output = wasmtime::Result<T>>) -> Option<T> {
    asked.now_or_never()?.ok()
}

#[test]
fn whatever_is_allocated_for_a_guest_is_counted() {
    let mut refused = 0;
    for seed in 1..=60 {
        let mut program = Program::new(seed);
        let start = LIVE.get();
        for step in 0..300 {
            let bits = program.below(19);
            let (size, count) = (program.below(1 << bits), program.below(60));
            let before = LIVE.get();
            let list = vec![7; size];
            let entries: Vec<_> =
                (0..count).map(|index| (format!("name {index}"), vec![1; 20])).collect();
            let lifted = LIVE.get() - before;
            PEAK.set(LIVE.get());
            refused += usize::from(program.step(list, entries).is_none());
            let own = FIXED + program.handles() * HANDLE;
            let (live, counted) = (LIVE.get() - start, program.state.meter.held().used());
            assert!(
                live <= counted + own,
                "seed {seed}, step {step}: {live} bytes are allocated, and {counted} counted"
            );
            let peak = PEAK.get() - start;
            assert!(peak <= HELD + lifted + own, "seed {seed}, step {step}: {peak} bytes at once");
        }
    }
    assert!(refused > 100, "the limit was never reached");
}

/// Released memory is no longer reserved, and none is released twice.
#[test]
fn a_call_that_ends_holds_nothing() {
    for seed in 1..=20 {
        let mut program = Program::new(seed);
        for _ in 0..200 {
            let size = program.below(5000);
            let list = vec![7; size];
            program.step(list, Vec::new());
        }
        program.state.end_call();
        assert_eq!(program.state.meter.held().used(), 0, "seed {seed}");
    }
}

/// Work of more than a millisecond leaves the task of a guest's caller.
#[test]
fn long_imports_leave_their_callers_task() {
    let mut state = state(true);
    let mut buffer = |size: usize| {
        let mut bytes = b"\x12\x80\x80\x40".to_vec();
        bytes.resize(size, 7);
        HostBuffer::new(&mut state, bytes).unwrap().rep()
    };
    let (small, large) = (buffer(60 << 10), buffer((1 << 20) + 4));
    let writer = HostWriter::new(&mut state).unwrap().rep();
    assert!(state.read(borrow(small), 0, u32::MAX).now_or_never().is_some());
    assert!(state.append(borrow(writer), borrow(small)).now_or_never().is_some());
    assert!(state.from_envelope(borrow(small)).now_or_never().is_some());
    assert!(state.read(borrow(large), 0, u32::MAX).now_or_never().is_none());
    assert!(state.append(borrow(writer), borrow(large)).now_or_never().is_none());
    assert!(state.from_envelope(borrow(large)).now_or_never().is_none());
    assert!(state.sha256(borrow(large)).now_or_never().is_none());
    assert!(state.write(borrow(writer), vec![7; 1 << 20]).now_or_never().is_none());
}

/// Imports that copy metadata do not wait: a guest leaves its caller's task before it has a payload with much.
#[test]
fn a_guest_with_much_metadata_leaves_its_callers_task() {
    let mut state = state(true);
    let data = HostBuffer::new(&mut state, Vec::new()).unwrap().rep();
    let mut made = |size: usize| {
        let metadata = vec![("name".to_owned(), vec![7; size])];
        HostPayload::new(&mut state, metadata, borrow(data)).now_or_never()
    };
    assert!(made(60 << 10).is_some() && made(1 << 20).is_none());
    let mut given = |size: usize| {
        let payload = Payload::new("plain", "").with_metadata("name", vec![7; size]);
        state.put_input(Box::new(payload.into())).now_or_never()
    };
    assert!(given(60 << 10).is_some() && given(1 << 20).is_none());
}

/// A list is copied before an import begins, so a guest that could pass a long one leaves its caller's
/// task before that.
#[test]
fn a_guest_with_much_memory_leaves_its_callers_task() {
    let mut state = state(true);
    let mut grow = |from: usize, to: usize| {
        let growing = state.meter.memory_growing(from << 20, to << 20, None);
        growing.now_or_never().map(|grown| grown.unwrap())
    };
    assert_eq!(grow(0, 8), Some(true));
    assert_eq!(grow(8, 9), None);
}
