//! Many payloads under few data keys, in a process that has opened none of them.

use std::time::{Duration, Instant};

use cloakroom::Payload;
use cloakroom_benches::{Cell, Report, Samples, Table};
use cloakroom_tests::Kek;

use crate::contest::{Contestant, STATIC, over_service, payload};

/// Data keys, and payloads under each.
const KEYS: (usize, usize) = (10, 10_000);

/// Payloads of a call, which are under all keys.
const CALL: usize = 500;

/// Time that the service takes for each request.
const SLOW: Duration = Duration::from_millis(20);

const TURNS: usize = 7;

/// A ring, what was written under it, and what reading that took.
struct Read {
    name: &'static str,
    ring: String,
    sealed: Vec<Payload>,
    took: Samples,
    unwraps: usize,
}

/// Measures how long it takes to read all payloads, and how often the service is asked.
pub async fn measure(report: &Report) -> Table {
    let of_static = Read::new("one, static", STATIC.to_owned()).await;
    let mut both = [of_static, Read::new("ten of a service", over_service("")).await];
    for turn in 0..TURNS {
        // By turns, since the machine's speed changes within seconds.
        for place in [turn % 2, 1 - turn % 2] {
            both[place].turn().await;
            report.progress();
        }
    }
    let columns = ["keys", "payloads", "time", "for each", "unwraps", "time / static key"];
    let mut table = Table::new("many payloads", &columns);
    for read in &both {
        let payloads = read.sealed.len();
        table.row([
            read.name.into(),
            Cell::count(payloads),
            Cell::time(&read.took),
            Cell::time(&read.took.map(|time| time / payloads as f64)),
            Cell::count(read.unwraps),
            Cell::ratio(&read.took, &both[0].took),
        ]);
    }
    table
}

impl Read {
    async fn new(name: &'static str, ring: String) -> Self {
        let writer = Contestant::open(&ring, &Kek::new()).await;
        Self { name, ring, sealed: seal(&writer).await, took: Samples::default(), unwraps: 0 }
    }

    /// Reads all payloads once, in a process that has opened no key.
    async fn turn(&mut self) {
        let kek = Kek::taking(SLOW);
        let reader = Contestant::open(&self.ring, &kek).await;
        let began = Instant::now();
        for payloads in self.sealed.chunks(CALL) {
            drop(reader.decode("bench", payloads.to_vec()).await);
        }
        self.took.push(began.elapsed().as_secs_f64());
        self.unwraps = self.unwraps.max(kek.counts().1);
    }
}

/// Returns payloads under as many keys as the ring has, one key after another in turn.
async fn seal(writer: &Contestant) -> Vec<Payload> {
    let mut by_key = Vec::new();
    for _ in 0..KEYS.0 {
        let plain = vec![payload(100); KEYS.1];
        by_key.push(writer.encode("bench", plain).await.into_iter());
        writer.cloakroom.key_services().iter().for_each(|(_, ring)| ring.rotate());
    }
    let turns = (0..KEYS.1).flat_map(|_| {
        by_key.iter_mut().map(|payloads| payloads.next().expect("one")).collect::<Vec<_>>()
    });
    turns.collect()
}
