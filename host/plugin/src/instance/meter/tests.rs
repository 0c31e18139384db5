//! Tests of the meter.

use std::time::{Duration, Instant};

use cloakroom_core::{ByteSize, Context};
use futures::FutureExt as _;

use super::*;

fn budget(limits: &Limits) -> MemoryBudget {
    MemoryBudget::new(limits.call_bytes, limits.process_bytes)
}

/// Returns the meter of a call in `ctx`.
fn meter(limits: &Limits, budget: &MemoryBudget, ctx: Context) -> Meter {
    let clock = Clock::new(Duration::from_secs(60), Instant::now());
    Meter::new(limits, budget, &Call::new(ctx, clock.into()))
}

#[test]
fn a_small_result_has_room_and_a_large_one_until_the_next_import() {
    let limits = Limits { held: ByteSize::kib(10), ..Limits::default() };
    let mut meter = meter(&limits, &budget(&limits), Context::none());
    for bytes in [100, SMALL_PIECES - 100, 1] {
        meter.reserve_in_transit(bytes).unwrap();
        assert_eq!(meter.held.used(), SMALL_PIECES);
    }
    meter.reserve_in_transit(5000).unwrap();
    assert_eq!(meter.held.used(), SMALL_PIECES + 5000);
    assert_eq!(meter.held().used(), SMALL_PIECES, "copied by the next import");
    let _piece = meter.reserve_piece(SMALL_PIECES).unwrap();
    let rest = meter.reserve(limits.held.as_usize() - SMALL_PIECES - 100).unwrap();
    meter.reserve_in_transit(100).unwrap();
    assert!(meter.reserve_in_transit(101).is_err());
    assert_eq!(meter.held.used(), limits.held.as_usize() - 100, "refused, and nothing is left");
    drop(rest);
    assert_eq!(meter.held.used(), SMALL_PIECES);
    meter.end_call();
    assert_eq!(meter.held.used(), 0);
}

#[test]
fn small_pieces_share_a_reservation_until_the_last_is_dropped() {
    let limits = Limits { held: ByteSize::kib(9), ..Limits::default() };
    let mut meter = meter(&limits, &budget(&limits), Context::none());
    let first = meter.reserve_piece(SMALL_PIECE).unwrap();
    let _second = meter.reserve_piece(SMALL_PIECE).unwrap();
    assert_eq!(meter.held.used(), SMALL_PIECES);
    let third = meter.reserve_piece(1).unwrap();
    assert_eq!(meter.held.used(), 2 * SMALL_PIECES);
    let large = meter.reserve_piece(SMALL_PIECES);
    assert!(matches!(large, Err(Fault::Limit(Limit::Held))), "what is left is for small pieces");
    // Nothing is left for as many small pieces again, and there is room for this one.
    for _ in 0..2 {
        meter.reserve_piece(SMALL_PIECE - 1).unwrap();
    }
    let fourth = meter.reserve_piece(1000).unwrap();
    assert_eq!(meter.held.used(), 2 * SMALL_PIECES + 1000);
    assert!(meter.reserve_piece(1000).is_err());
    drop((first, third, fourth));
    assert_eq!(meter.held.used(), 2 * SMALL_PIECES, "the second is there, and the next may come");
}

#[test]
fn between_two_calls_an_instance_holds_nothing_of_the_last() {
    let limits = Limits::default();
    let budget = budget(&limits);
    let memory = budget.admit().now_or_never().unwrap();
    assert_ne!(budget.used(), 0);
    let mut meter = meter(&limits, &budget, Context::none().with_memory(memory));
    drop(meter.reserve_piece(10).unwrap());
    meter.reserve_in_transit(10).unwrap();
    meter.end_call();
    assert_eq!(budget.used(), 0);
}
