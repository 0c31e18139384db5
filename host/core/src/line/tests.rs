//! A line, polled by hand.

use std::{
    future::Future as _,
    pin::Pin,
    sync::{Arc, atomic::Ordering::Relaxed},
};

use futures::{
    FutureExt as _,
    future::BoxFuture,
    task::{ArcWake, waker},
};

use super::*;

#[derive(Default)]
struct Woken(AtomicUsize);

impl ArcWake for Woken {
    fn wake_by_ref(this: &Arc<Self>) {
        this.0.fetch_add(1, Relaxed);
    }
}

/// A line for units of which there are some.
#[derive(Default)]
struct Desk {
    free: AtomicUsize,
    line: Line<&'static str>,
}

struct Caller {
    future: BoxFuture<'static, ()>,
    woken: Arc<Woken>,
}

impl Desk {
    fn call(self: &Arc<Self>, group: &'static str, call: u64) -> Caller {
        let this = self.clone();
        let future = async move {
            let take = || {
                let free = this.free.load(Relaxed).checked_sub(1)?;
                this.free.store(free, Relaxed);
                Some(())
            };
            this.line.pass(&group, call, take).await;
        };
        Caller { future: future.boxed(), woken: Arc::default() }
    }

    fn give_back(&self) {
        self.free.fetch_add(1, Relaxed);
        self.line.wake();
    }
}

impl Caller {
    fn is_served(&mut self) -> bool {
        let waker = waker(self.woken.clone());
        Pin::new(&mut self.future).poll(&mut Context::from_waker(&waker)).is_ready()
    }

    fn was_woken(&self) -> bool {
        self.woken.0.swap(0, Relaxed) != 0
    }
}

/// Gives back unit after unit, and returns who was served in which order.
fn order(desk: &Arc<Desk>, mut callers: Vec<(&'static str, Caller)>) -> Vec<&'static str> {
    for (_, caller) in &mut callers {
        assert!(!caller.is_served());
    }
    let mut served = Vec::new();
    while !callers.is_empty() {
        desk.give_back();
        let woken = callers.iter().position(|(_, caller)| caller.was_woken()).expect("one is next");
        let (name, mut caller) = callers.remove(woken);
        assert!(caller.is_served(), "{name}");
        served.push(name);
    }
    assert_eq!(desk.line.waiting(), 0);
    served
}

#[test]
fn first_come_first_served_within_a_call() {
    let desk = Arc::new(Desk::default());
    let callers = ["one", "two", "three"].map(|name| (name, desk.call("", 0)));
    assert_eq!(order(&desk, callers.into()), ["one", "two", "three"]);
}

#[test]
fn groups_take_turns_and_then_their_calls() {
    let desk = Arc::new(Desk::default());
    let callers = [
        ("a1", desk.call("a", 1)),
        ("a1", desk.call("a", 1)),
        ("a1", desk.call("a", 1)),
        ("a2", desk.call("a", 2)),
        ("b", desk.call("b", 3)),
    ];
    assert_eq!(order(&desk, callers.into()), ["a1", "b", "a2", "a1", "a1"]);
}

#[test]
fn nobody_overtakes_and_who_leaves_loses_no_unit() {
    let desk = Arc::new(Desk::default());
    let (mut first, mut second) = (desk.call("a", 1), desk.call("a", 2));
    assert!(!first.is_served() && !second.is_served());
    desk.give_back();
    assert!(first.was_woken());
    // It comes while there is a unit, which is not its own.
    let mut late = desk.call("b", 3);
    assert!(!late.is_served());
    drop(first);
    let next = if second.was_woken() { &mut second } else { &mut late };
    assert!(next.is_served());
    desk.give_back();
    assert!(late.is_served() || second.is_served());
    assert_eq!(desk.line.waiting(), 0);
}

#[test]
fn two_units_serve_two() {
    let desk = Arc::new(Desk::default());
    let (mut first, mut second) = (desk.call("a", 1), desk.call("a", 2));
    assert!(!first.is_served() && !second.is_served());
    desk.free.store(2, Relaxed);
    desk.line.wake();
    assert!(first.is_served());
    assert!(second.was_woken() && second.is_served());
}
