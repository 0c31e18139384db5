//! Many payloads under few data keys, in a process that has opened none of them.

use std::time::{Duration, Instant};

use cloakroom::Payload;
use cloakroom_benches::{Cell, Kek, Report, Samples, Table};

use crate::contest::{Contestant, STATIC, over_service, payload};

/// Data keys, and payloads under each.
const KEYS: (usize, usize) = (10, 10_000);

/// Payloads of a call, which are under all keys.
const CALL: usize = 500;

/// Time that the service takes for each request.
const SLOW: Duration = Duration::from_millis(20);

const TURNS: usize = 3;

/// Measures how long it takes to read all payloads, and how often the service is asked.
pub async fn measure(report: &Report) -> Table {
    let columns = ["keys", "payloads", "time", "for each", "unwraps", "time / static key"];
    let mut table = Table::new("many payloads", &columns);
    let mut of_static = Samples::default();
    for (name, ring) in [("one, static", STATIC.to_owned()), ("ten of a service", over_service(""))]
    {
        let writer = Contestant::open(&ring, &Kek::new(Duration::ZERO)).await;
        let sealed = seal(&writer).await;
        let (mut took, mut unwraps) = (Samples::default(), 0);
        for _ in 0..TURNS {
            let kek = Kek::new(SLOW);
            let reader = Contestant::open(&ring, &kek).await;
            let began = Instant::now();
            for payloads in sealed.chunks(CALL) {
                drop(reader.decode("bench", payloads.to_vec()).await);
            }
            took.push(began.elapsed().as_secs_f64());
            unwraps = unwraps.max(kek.unwraps());
            report.progress();
        }
        if of_static.turns() == 0 {
            of_static = took.clone();
        }
        table.row([
            name.into(),
            Cell::count(sealed.len()),
            Cell::time(&took),
            Cell::time(&took.map(|time| time / sealed.len() as f64)),
            Cell::count(unwraps),
            Cell::ratio(&took, &of_static),
        ]);
    }
    table
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
