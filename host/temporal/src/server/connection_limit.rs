//! Places of connections: who gets one, and who has to leave when all are taken.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering::Relaxed},
    },
};

use tokio::sync::Notify;

/// Places besides the others, where probes are answered and everything else is refused at once. The
/// newest connection gets one whatever happens: an honest probe is answered before so many more
/// came.
const SPARE: usize = 32;

/// Places of connections.
pub(super) struct Connections {
    /// Places in all, and of one address.
    most: usize,
    most_of_one: usize,
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    next: u64,
    open: BTreeMap<u64, Open>,
    spare: BTreeMap<u64, Arc<Link>>,
    groups: HashMap<IpAddr, usize>,
}

struct Open {
    group: Option<IpAddr>,
    link: Arc<Link>,
}

impl Connections {
    /// Returns `most` places, of which one address may have `most_of_one`.
    pub(super) fn new(most: usize, most_of_one: usize) -> Arc<Self> {
        let table = Mutex::default();
        Arc::new(Self { most: most.max(1), most_of_one: most_of_one.max(1), table })
    }

    /// Takes a place for a connection from this address. If there is none, a connection has to
    /// leave that asks for nothing, the longest idle one first; if all are in work, the place is a
    /// spare one.
    pub(super) fn enter(self: &Arc<Self>, group: Option<IpAddr>) -> Seat {
        let mut table = self.lock();
        let id = table.next;
        table.next += 1;
        let link = Arc::<Link>::default();
        link.idle_since.store(tick(), Relaxed);
        let held = group.and_then(|group| table.groups.get(&group)).copied().unwrap_or_default();
        let is_room = if group.is_some() && held >= self.most_of_one {
            table.see_off(|open| open.group == group)
        } else {
            table.open.len() < self.most || table.see_off(|_| true)
        };
        if is_room {
            if let Some(group) = group {
                *table.groups.entry(group).or_default() += 1;
            }
            table.open.insert(id, Open { group, link: link.clone() });
        } else {
            table.spare.insert(id, link.clone());
            if table.spare.len() > SPARE
                && let Some((_, oldest)) = table.spare.pop_first()
            {
                oldest.leave();
            }
        }
        Seat { id, link, is_spare: !is_room, connections: self.clone() }
    }

    /// Makes the longest idle connection leave. Returns whether there was one.
    pub(super) fn see_off_one(&self) -> bool {
        self.lock().see_off(|_| true)
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Table {
    /// Makes the longest idle connection of some leave. Returns whether there was one.
    fn see_off(&mut self, is_meant: impl Fn(&Open) -> bool) -> bool {
        loop {
            let idle = self.open.iter().filter(|(_, open)| is_meant(open) && open.link.is_idle());
            let oldest = idle.min_by_key(|(_, open)| open.link.idle_since.load(Relaxed));
            let Some(id) = oldest.map(|(id, _)| *id) else {
                return false;
            };
            // Its next request may have arrived just now.
            let has_left = self.open.get(&id).is_some_and(|open| open.link.leave_if_idle());
            if has_left {
                self.remove(id);
                return true;
            }
        }
    }

    fn remove(&mut self, id: u64) {
        self.spare.remove(&id);
        let Some(open) = self.open.remove(&id) else {
            return;
        };
        let Some(group) = open.group else {
            return;
        };
        if let Some(held) = self.groups.get_mut(&group) {
            *held -= 1;
            if *held == 0 {
                self.groups.remove(&group);
            }
        }
    }
}

/// The place of one connection, given back when it is dropped.
pub(super) struct Seat {
    id: u64,
    pub(super) link: Arc<Link>,
    /// True if only probes are answered.
    pub(super) is_spare: bool,
    connections: Arc<Connections>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.connections.lock().remove(self.id);
    }
}

/// State of a connection.
#[derive(Default)]
pub(super) struct Link {
    state: AtomicU8,
    idle_since: AtomicU64,
    is_whole: AtomicBool,
    is_stalled: AtomicBool,
    left: Notify,
}

/// No whole request was read.
const IDLE: u8 = 0;
/// A request is in work.
const WORKING: u8 = 1;
/// The answer is there, and not all of it is written.
const ANSWERING: u8 = 2;
/// The connection has to end.
const LEFT: u8 = 3;

impl Link {
    /// Notes that a request is in work.
    pub(super) fn begin(&self) {
        let _ = self.state.compare_exchange(IDLE, WORKING, Relaxed, Relaxed);
    }

    /// Notes that its answer is there.
    pub(super) fn answer(&self) {
        self.is_whole.store(false, Relaxed);
        let _ = self.state.compare_exchange(WORKING, ANSWERING, Relaxed, Relaxed);
    }

    /// Notes that all of the answer was given to the connection.
    pub(super) fn complete(&self) {
        self.is_whole.store(true, Relaxed);
    }

    /// Notes that everything is written that was given to the connection.
    pub(super) fn flushed(&self) {
        if self.is_whole.load(Relaxed) && self.state.load(Relaxed) == ANSWERING {
            self.idle_since.store(tick(), Relaxed);
            let _ = self.state.compare_exchange(ANSWERING, IDLE, Relaxed, Relaxed);
        }
    }

    /// Notes that the client does not take what is written.
    pub(super) fn stall(&self) {
        self.is_stalled.store(true, Relaxed);
    }

    pub(super) fn is_stalled(&self) -> bool {
        self.is_stalled.load(Relaxed)
    }

    /// Waits until the connection has to leave its place to another.
    pub(super) async fn left(&self) {
        self.left.notified().await;
    }

    fn is_idle(&self) -> bool {
        self.state.load(Relaxed) == IDLE
    }

    fn leave_if_idle(&self) -> bool {
        let is_idle = self.state.compare_exchange(IDLE, LEFT, Relaxed, Relaxed).is_ok();
        if is_idle {
            self.left.notify_one();
        }
        is_idle
    }

    fn leave(&self) {
        self.state.store(LEFT, Relaxed);
        self.left.notify_one();
    }
}

/// Returns a number that is higher each time: which of two connections is idle for longer.
fn tick() -> u64 {
    static TICKS: AtomicU64 = AtomicU64::new(0);
    TICKS.fetch_add(1, Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(last: u8) -> Option<IpAddr> {
        Some(IpAddr::from([10, 0, 0, last]))
    }

    fn has_left(seat: &Seat) -> bool {
        seat.link.state.load(Relaxed) == LEFT
    }

    fn answered(seat: &Seat) {
        seat.link.answer();
        seat.link.complete();
        seat.link.flushed();
    }

    #[test]
    fn the_longest_idle_connection_leaves() {
        let places = Connections::new(3, 3);
        let seats: Vec<_> = (0..3).map(|n| places.enter(from(n))).collect();
        // The first is idle again, and so for a shorter time than the second.
        seats[0].link.begin();
        answered(&seats[0]);
        let newcomer = places.enter(from(9));
        assert!(!newcomer.is_spare);
        let left: Vec<_> = seats.iter().map(has_left).collect();
        assert_eq!(left, [false, true, false]);
    }

    #[test]
    fn a_connection_in_work_stays_and_the_newcomer_gets_a_spare_place() {
        let places = Connections::new(2, 2);
        let seats = [places.enter(from(1)), places.enter(from(2))];
        seats[0].link.begin();
        seats[1].link.begin();
        seats[1].link.answer();
        assert!(places.enter(from(3)).is_spare);
        // It is idle when all of its answer is written, and not a part.
        seats[1].link.flushed();
        assert!(places.enter(from(3)).is_spare);
        seats[1].link.complete();
        seats[1].link.flushed();
        assert!(!places.enter(from(3)).is_spare);
        assert_eq!((has_left(&seats[0]), has_left(&seats[1])), (false, true));
    }

    #[test]
    fn an_address_has_its_share() {
        let places = Connections::new(4, 2);
        let (one, _two) = (places.enter(from(1)), places.enter(from(1)));
        let other = places.enter(from(2));
        one.link.begin();
        let third = places.enter(from(1));
        assert!(!third.is_spare && has_left(&_two) && !has_left(&other));
        third.link.begin();
        assert!(places.enter(from(1)).is_spare);
        assert!(!places.enter(from(2)).is_spare);
        drop(one);
        assert!(!places.enter(from(1)).is_spare);
    }

    #[test]
    fn the_newest_has_a_spare_place() {
        let places = Connections::new(1, 1);
        let only = places.enter(from(1));
        only.link.begin();
        let spare: Vec<_> = (0..=SPARE).map(|_| places.enter(from(2))).collect();
        assert!(spare.iter().all(|seat| seat.is_spare));
        assert_eq!(spare.iter().filter(|seat| has_left(seat)).count(), 1);
        assert!(has_left(&spare[0]) && !has_left(&only));
        drop((spare, only));
        let table = places.lock();
        assert!(table.open.is_empty() && table.spare.is_empty() && table.groups.is_empty());
    }
}
