//! Encryption while keys rotate, and the service is slow.
//!
//! Payloads come by a clock, one each half millisecond: who waits for a key keeps the next ones waiting,
//! and each counts from the moment at which it came. Callers that wait for their answers before they send
//! more would show one long call in many thousands.

use std::{
    sync::Arc,
    thread::sleep,
    time::{Duration, Instant},
};

use cloakroom_benches::{Cell, Report, Samples, Table};
use cloakroom_tests::Kek;
use tokio::runtime::Runtime;

use crate::contest::{Contestant, over_service, payload};

/// Time that the service takes for each request.
const SLOW: Duration = Duration::from_millis(200);

/// Time between two payloads.
const PACE: Duration = Duration::from_micros(500);

/// Turns, and the length of each.
const TURNS: (usize, Duration) = (9, Duration::from_millis(1500));

/// A key is renewed 100 ms after it came, and the next one comes after [`SLOW`]: a new key each 300 ms.
const ROTATING: &str = "data_key = { lifetime = \"1200ms\", renew_before = \"1100ms\" }\n";

/// As many namespaces have a new key each 100 ms between them.
const NAMESPACES: [&str; 3] = ["one", "two", "three"];

/// Compares the latency of payloads under lasting keys with that under keys that rotate.
pub fn measure(runtime: &Runtime, report: &Report) -> Table {
    let keks = [(); 2].map(|()| Kek::taking(SLOW));
    let rings = [over_service(""), over_service(ROTATING)];
    let open = |place: usize| runtime.block_on(begin(&rings[place], &keks[place]));
    let [lasting, rotating] = [open(0), open(1)];
    let shares = [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("longest", 1.0)];
    let mut found = shares.map(|_| (Samples::default(), Samples::default()));
    let (mut made, mut time) = (0, Duration::ZERO);
    for turn in 0..TURNS.0 {
        let calm = || latencies(runtime, &lasting);
        let busy = || {
            // Keys of an idle namespace have ended since the last turn.
            runtime.block_on(make_keys(&rotating));
            let (before, began) = (keks[1].counts().0, Instant::now());
            let busy = latencies(runtime, &rotating);
            (busy, keks[1].counts().0 - before, began.elapsed())
        };
        let (calm, (busy, keys, took)) = if turn % 2 == 0 {
            let calm = calm();
            (calm, busy())
        } else {
            let busy = busy();
            (calm(), busy)
        };
        (made, time) = (made + keys, time + took);
        for ((_, share), (calmly, busily)) in shares.iter().zip(&mut found) {
            calmly.push(calm.quantile(*share));
            busily.push(busy.quantile(*share));
        }
        report.progress();
    }
    let columns = ["latency", "lasting keys", "rotation", "rotation / lasting", "a new key each"];
    let mut table = Table::new("rotation", &columns);
    let each: Samples = [time.as_secs_f64() / made.max(1) as f64].into_iter().collect();
    for ((name, _), (calm, busy)) in shares.iter().zip(&found) {
        let ratio = Cell::ratio(busy, calm);
        table.row([(*name).into(), Cell::time(calm), Cell::time(busy), ratio, Cell::time(&each)]);
    }
    table
}

async fn begin(ring: &str, kek: &Arc<Kek>) -> Contestant {
    let contestant = Contestant::open(ring, kek).await;
    make_keys(&contestant).await;
    contestant
}

/// Makes the keys of all namespaces, one after another.
async fn make_keys(contestant: &Contestant) {
    for namespace in NAMESPACES {
        contestant.encode(namespace, vec![payload(1)]).await;
    }
}

/// Encrypts payloads of 1 KiB by the clock, and returns the seconds of each.
fn latencies(runtime: &Runtime, contestant: &Contestant) -> Samples {
    let (plain, began) = (payload(1 << 10), Instant::now());
    let (mut taken, mut ended) = (Samples::default(), began);
    let payloads = TURNS.1.as_micros() / PACE.as_micros();
    for place in 0..u32::try_from(payloads).expect("a turn is short") {
        let due = began + PACE * place;
        if let Some(early) = due.checked_duration_since(Instant::now()) {
            sleep(early);
        }
        // How late the machine wakes a thread is not Cloakroom's, and how late the last payload ended is.
        let came = if ended > due { due } else { Instant::now() };
        let namespace = NAMESPACES[place as usize % NAMESPACES.len()];
        drop(runtime.block_on(contestant.encode(namespace, vec![plain.clone()])));
        ended = Instant::now();
        taken.push((ended - came).as_secs_f64());
    }
    taken
}
