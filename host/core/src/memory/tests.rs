//! Budgets of calls and of the process.

use futures::FutureExt as _;

use super::*;
use crate::Limit;

fn budget() -> MemoryBudget {
    MemoryBudget::new(ByteSize::bytes(6), ByteSize::bytes(10))
}

#[test]
fn a_call_holds_exactly_its_budget() {
    let call = budget().call();
    let mut charge = call.charge(6).unwrap();
    let error = charge.grow(1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded(Limit::CallBytes));
    charge.shrink(1);
    assert!(charge.grow(1).is_ok());
    assert!(charge.resize(7).is_err());
    assert_eq!(charge.bytes(), 6);
    charge.resize(2).unwrap();
    assert_eq!(call.used(), 2);
}

#[test]
fn all_calls_hold_exactly_the_budget_of_the_process() {
    let budget = budget();
    let (one, two) = (budget.call(), budget.call());
    let first = one.charge(5).unwrap();
    let second = two.charge(5).unwrap();
    let error = two.charge(1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy);
    assert_eq!((two.used(), budget.used()), (5, 10));
    drop((first, second));
    assert_eq!((one.used(), two.used(), budget.used()), (0, 0, 0));
    assert_eq!(budget.peak(), 10);
}

#[test]
fn a_number_that_overflows_is_refused() {
    let call = budget().call();
    let _held = call.charge(1).unwrap();
    assert!(call.charge(usize::MAX).is_err());
    assert_eq!(call.used(), 1);
}

/// A small call that was let in has what it needs, whoever holds the rest.
#[test]
fn an_admitted_call_has_its_reserve() {
    let budget = MemoryBudget::new(ByteSize::mib(1), ByteSize::mib(1));
    let reserve = RESERVE.as_usize();
    let small = budget.admit().now_or_never().unwrap();
    assert_eq!((small.used(), budget.used()), (0, reserve));
    let large = budget.call();
    let rest = large.charge((1 << 20) - reserve).unwrap();
    assert!(large.charge(1).is_err(), "the reserve is not its own");
    let half = small.charge(reserve / 2).unwrap();
    let mut held = small.charge(reserve / 2).unwrap();
    assert_eq!(held.grow(1).unwrap_err().kind(), ErrorKind::Busy);
    assert_eq!(budget.used(), 1 << 20);
    drop(half);
    assert!(large.charge(1).is_err(), "it is reserved until the call is over");
    held.grow(reserve / 2).unwrap();
    drop(small);
    assert_eq!(budget.used(), 1 << 20, "a charge keeps its call");
    drop((held, rest));
    assert_eq!(budget.used(), 0);
}

/// Instances are charged to the process alone, and a small call needs one.
#[test]
fn large_calls_leave_room_for_instances_and_for_calls_that_begin() {
    let budget = MemoryBudget::new(ByteSize::mib(4), ByteSize::mib(8));
    let calls: Vec<_> = (0..7).map(|_| budget.call()).collect();
    let held: Vec<_> = calls.iter().map(|call| call.charge(1 << 20).unwrap()).collect();
    assert_eq!(calls[0].charge(1).unwrap_err().kind(), ErrorKind::Busy);
    let mut instance = crate::ProcessCharge::new(budget.clone());
    instance.grow(1 << 19).unwrap();
    let small = budget.admit().now_or_never().unwrap();
    assert!(small.charge(RESERVE.as_usize()).is_ok());
    drop(held);
    // A call that may have more than there is ends where there is none.
    let less = MemoryBudget::new(ByteSize::mib(4), ByteSize::mib(2));
    assert_eq!(less.call().charge(3 << 20).unwrap_err().kind(), ErrorKind::Busy);
    assert!(less.call().charge(2 << 20).is_ok());
}

#[test]
fn admission_waits_first_come_first_served_until_there_is_room() {
    let budget = MemoryBudget::new(ByteSize::kib(128), ByteSize::kib(128));
    let holder = budget.call();
    let held = holder.charge(100 << 10).unwrap();
    let (mut first, mut second) = (Box::pin(budget.admit()), Box::pin(budget.admit()));
    assert!(first.as_mut().now_or_never().is_none());
    assert!(second.as_mut().now_or_never().is_none());
    assert_eq!(budget.waiting(), 2);
    drop(held);
    assert!(second.as_mut().now_or_never().is_none(), "overtook");
    let first = first.as_mut().now_or_never().unwrap();
    let second = second.as_mut().now_or_never().unwrap();
    assert!(budget.admit().now_or_never().is_none());
    assert_eq!(budget.waiting(), 0, "it left");
    drop(first);
    assert!(budget.admit().now_or_never().is_some());
    drop(second);
    assert_eq!(budget.used(), 0);
}

/// Kept bytes are counted until the call ends or releases them.
#[test]
fn results_may_stay_counted() {
    let budget = MemoryBudget::new(ByteSize::bytes(100), ByteSize::bytes(100));
    let call = budget.call();
    call.charge(30).unwrap().keep();
    call.charge(20).unwrap().keep();
    assert_eq!((call.used(), budget.used()), (50, 50));
    call.release_kept(40);
    assert_eq!(budget.used(), 10);
    call.release_kept(40);
    assert_eq!(budget.used(), 0);
    call.charge(7).unwrap().keep();
    drop(call);
    assert_eq!(budget.used(), 0);
}

/// Threads that take and give back at once leave nothing behind, and never pass the limit.
#[test]
fn counts_exactly_under_contention() {
    let budget = MemoryBudget::new(ByteSize::kib(256), ByteSize::kib(300));
    let call = budget.admit().now_or_never().unwrap();
    std::thread::scope(|scope| {
        for thread in 1..=4 {
            let (call, budget) = (&call, &budget);
            scope.spawn(move || {
                let mut held = Vec::new();
                for round in 0..4_000usize {
                    held.extend(call.charge(round * thread * 37 % 9000).ok());
                    if round % 5 == 4 {
                        held.clear();
                    }
                    assert!(budget.used() <= 300 << 10);
                }
            });
        }
    });
    assert_eq!((call.used(), budget.used()), (0, RESERVE.as_usize()));
    drop(call);
    assert_eq!(budget.used(), 0);
    assert!(budget.peak() <= 300 << 10);
}
