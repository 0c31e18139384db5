//! Tests of the order, without threads.

use super::*;

/// Guest of a namespace and a call, with a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Guest(&'static str, u64, u32);

impl QueueEntry for Guest {
    fn namespace(&self) -> Arc<str> {
        self.0.into()
    }

    fn call(&self) -> u64 {
        self.1
    }

    fn role(&self) -> PluginRole {
        PluginRole::Stage
    }
}

const ROOM: PerRole<bool> = PerRole { stage: true, driver: true };
const FULL: PerRole<bool> = PerRole { stage: false, driver: false };

fn next(queue: &mut Queue<Guest>) -> (&'static str, u64, u32) {
    let Guest(namespace, call, payload) = queue.next(ROOM).unwrap().guest;
    (namespace, call, payload)
}

/// Runs the next guest for a whole turn, after which it is not finished.
fn turn(queue: &mut Queue<Guest>) -> (&'static str, u64, u32) {
    let NextGuest { guest, lane, .. } = queue.next(ROOM).unwrap();
    queue.charge(lane, TURN);
    queue.resume(guest);
    (guest.0, guest.1, guest.2)
}

#[test]
fn namespaces_take_turns_then_calls_then_payloads() {
    let mut queue = Queue::new();
    for payload in 0..2 {
        for (namespace, call) in [("a", 1), ("a", 2), ("a", 3), ("b", 4)] {
            queue.add(Lane::Begun, Guest(namespace, call, payload));
        }
    }
    let order: Vec<_> = (0..8).map(|_| next(&mut queue)).collect();
    let expected = [
        ("a", 1, 0),
        ("b", 4, 0),
        ("a", 2, 0),
        ("b", 4, 1),
        ("a", 3, 0),
        ("a", 1, 1),
        ("a", 2, 1),
        ("a", 3, 1),
    ];
    assert_eq!(order, expected);
    assert!(queue.is_empty() && queue.next(ROOM).is_none());
}

/// Payloads that have begun hold memory.
#[test]
fn a_call_finishes_the_payloads_that_it_has_begun_first() {
    let mut queue = Queue::new();
    for payload in 0..3 {
        queue.add(Lane::New, Guest("a", 1, payload));
    }
    assert_eq!([turn(&mut queue), turn(&mut queue), next(&mut queue)], [("a", 1, 0); 3]);
    assert_eq!(next(&mut queue), ("a", 1, 1));
    assert_eq!(queue.unstarted(), 1);
}

#[test]
fn a_new_call_goes_before_those_that_have_begun() {
    let mut queue = Queue::new();
    for call in 1..4 {
        queue.add(Lane::Begun, Guest("a", call, 0));
    }
    for _ in 0..7 {
        turn(&mut queue);
    }
    queue.add(Lane::New, Guest("a", 9, 0));
    assert_eq!(turn(&mut queue), ("a", 9, 0));
}

#[test]
fn a_stream_of_new_calls_does_not_keep_others_out() {
    let mut queue = Queue::new();
    for call in 1..4 {
        queue.add(Lane::Begun, Guest("a", call, 0));
    }
    for call in 10..20 {
        queue.add(Lane::New, Guest("b", call, 0));
    }
    let calls: Vec<_> = (0..15).map(|_| turn(&mut queue).1).collect();
    // Each that has begun has a turn, also those that have begun meanwhile.
    assert_eq!(calls[..4], [1, 2, 3, 10]);
    assert_eq!(calls[4..9], [1, 10, 2, 10, 11], "{calls:?}");
    let new = calls.iter().filter(|&&call| 10 < call).count();
    assert!(2 <= new, "{calls:?}");
}

#[test]
fn a_small_payload_goes_before_all_others() {
    let mut queue = Queue::new();
    for call in 0..200 {
        queue.add(Lane::New, Guest("a", call, 0));
    }
    turn(&mut queue);
    queue.add(Lane::Small, Guest("a", 999, 0));
    assert_eq!(next(&mut queue), ("a", 999, 0));
}

#[test]
fn small_payloads_share_with_others_by_what_they_use() {
    let mut queue = Queue::new();
    queue.add(Lane::Begun, Guest("a", 1, 0));
    for call in 10..100 {
        queue.add(Lane::Small, Guest("a", call, 0));
    }
    let mut small = 0;
    loop {
        let NextGuest { guest, lane, .. } = queue.next(ROOM).unwrap();
        if guest.1 == 1 {
            break;
        }
        small += 1;
        queue.charge(lane, TURN / 20);
    }
    assert_eq!(small, 20);
    assert_eq!(next(&mut queue).1, 30);
}

#[test]
fn the_rest_of_a_new_call_takes_turns_with_those_that_have_begun() {
    let mut queue = Queue::new();
    for call in [1, 2] {
        queue.add(Lane::Begun, Guest("a", call, 0));
        queue.add(Lane::Begun, Guest("a", call, 1));
    }
    queue.add(Lane::New, Guest("a", 3, 0));
    queue.add(Lane::Small, Guest("a", 3, 1));
    queue.add(Lane::Small, Guest("a", 3, 2));
    let order: Vec<_> = (0..7).map(|_| next(&mut queue).1).collect();
    assert_eq!(order, [3, 1, 2, 3, 1, 2, 3]);
}

#[test]
fn a_turn_goes_on_with_the_same_call() {
    let mut queue = Queue::new();
    for call in [1, 2] {
        queue.add(Lane::Begun, Guest("a", call, 0));
        queue.add(Lane::Begun, Guest("a", call, 1));
    }
    assert_eq!(next(&mut queue), ("a", 1, 0));
    assert_eq!(queue.next_of_call(&"a".into(), 1, ROOM).unwrap().guest, Guest("a", 1, 1));
    assert!(queue.next_of_call(&"a".into(), 1, ROOM).is_none());
    assert_eq!(next(&mut queue), ("a", 2, 0));
}

#[test]
fn without_room_only_those_go_on_that_have_begun() {
    let mut queue = Queue::new();
    queue.add(Lane::Small, Guest("a", 1, 0));
    queue.add(Lane::Begun, Guest("a", 2, 0));
    assert!(queue.next(FULL).is_none());
    queue.resume(Guest("b", 3, 0));
    let NextGuest { guest, is_first_turn, .. } = queue.next(FULL).unwrap();
    assert!(guest == Guest("b", 3, 0) && !is_first_turn);
    assert_eq!(queue.unstarted(), 2);
}

#[test]
fn what_was_given_up_is_gone() {
    let mut queue = Queue::new();
    queue.add(Lane::New, Guest("a", 1, 0));
    queue.add(Lane::New, Guest("a", 1, 1));
    queue.resume(Guest("a", 1, 2));
    for payload in [0, 2] {
        queue.remove(&"a".into(), 1, |guest| guest.2 == payload);
    }
    assert_eq!(queue.unstarted(), 1);
    assert_eq!(next(&mut queue), ("a", 1, 1));
    assert!(queue.is_empty());
}
