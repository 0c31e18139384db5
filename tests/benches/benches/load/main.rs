//! Bursts of large payloads under default limits: how many succeed, how long they take together, how
//! much memory that needs at its peak, and how late a task on the same runtime becomes meanwhile.
//!
//! `cargo xtask bench load`

mod heartbeat;

use std::{
    env, fs,
    process::Command,
    time::{Duration, Instant},
};

use cloakroom::{Cloakroom, CloakroomBuilder, Context, Payload, storage::TemporalReferences};
use cloakroom_benches::{Cell, Process, Report, Samples, Table};
use futures::future::join_all;

use crate::heartbeat::Heartbeat;

/// Payloads, and kibibytes of each; first none, for comparison.
const LOADS: [(usize, usize); 5] =
    [(0, 1 << 10), (64, 8 << 10), (200, 8 << 10), (20, 48 << 10), (512, 2 << 10)];

/// Payloads that one caller sends, and kibibytes of each. They compute in its task.
const SHORT_CALLS: (usize, usize) = (2_000, 64);

const IN_TURN: &str = "one after the other";

/// As workers send them, each in a call of its own, or all in one; and all read back in one call.
const SHAPES: [&str; 3] = ["calls", "one-call", "read-back"];

/// Processes that measure the same load, one after the other.
const TURNS: usize = 3;

/// Says that this process is to measure one load, so that no other's memory counts.
const ALONE: &str = "--measure-load";

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    if let [word, count, size, shape] = &*args
        && word == ALONE
    {
        let number = |text: &String| text.parse().expect("a number");
        return alone(number(count), number(size), shape);
    }
    let Some(mut report) = Report::start("load") else { return };
    let mut table = Table::new(
        "bursts of large payloads",
        &["load", "good", "errors", "time", "peak", "heartbeat, p99", "a small payload beside it"],
    );
    for (shape, (count, size)) in loads() {
        let title = format!("{count} x {}, {shape}", bytes(size));
        if report.wants(&title) {
            let mut figures: [Samples; 5] = Default::default();
            for _ in 0..TURNS {
                let turn = child(count, size, shape);
                figures.iter_mut().zip(turn).for_each(|(figure, value)| figure.push(value));
                report.progress();
            }
            table.row(row(title, count, &figures));
        }
    }
    report.print(table);
    report.finish();
}

fn loads() -> impl Iterator<Item = (&'static str, (usize, usize))> {
    let bursts = SHAPES.into_iter().flat_map(|shape| LOADS.map(|load| (shape, load)));
    bursts.chain([(IN_TURN, SHORT_CALLS)])
}

fn bytes(kibibytes: usize) -> String {
    if kibibytes < 1 << 10 {
        format!("{kibibytes} KiB")
    } else {
        format!("{} MiB", kibibytes >> 10)
    }
}

/// Measures one load in a process of its own. Returns payloads that were good, seconds, bytes at the
/// peak, and the seconds of heartbeat and small payload.
fn child(count: usize, size: usize, shape: &str) -> [f64; 5] {
    let this = env::current_exe().expect("a path");
    let args = [ALONE, &count.to_string(), &size.to_string(), shape];
    let output = Command::new(this).args(args).output().expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    let mut numbers = text.split_whitespace().map(|number| number.parse().expect("a number"));
    [(); 5].map(|()| numbers.next().expect("five numbers"))
}

fn row(title: String, count: usize, figures: &[Samples; 5]) -> [Cell; 7] {
    let [good, time, peak, heartbeat, beside] = figures;
    if count == 0 {
        let nothing = || Cell::from("");
        let heartbeat = Cell::time(heartbeat);
        return [
            "nothing".into(),
            nothing(),
            nothing(),
            nothing(),
            nothing(),
            heartbeat,
            nothing(),
        ];
    }
    let good = good.median() as usize;
    [
        title.into(),
        Cell::count(good),
        Cell::count(count - good),
        Cell::time(time),
        Cell::memory(peak),
        Cell::time(heartbeat),
        Cell::time(beside),
    ]
}

fn alone(count: usize, size: usize, shape: &str) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let folder = tempfile::tempdir().expect("a folder");
        let cloakroom = open(folder.path()).await;
        let body = cloakroom_tests::text(size << 10);
        let sent = || Payload::new("json/plain", body.clone());
        warm_up(&cloakroom, sent()).await;
        if count == 0 {
            // What this machine does to a heartbeat by itself.
            let heartbeat = Heartbeat::start();
            tokio::time::sleep(Duration::from_secs(2)).await;
            return println!("0 0 0 {} 0", heartbeat.p99().as_secs_f64());
        }
        let stored =
            if shape == "read-back" { stored(&cloakroom, &sent, count).await } else { vec![] };
        let process = Process::own();
        process.forget_peak();
        let before = process.resident();
        let heartbeat = Heartbeat::start();
        let began = Instant::now();
        let load = async {
            if shape == "read-back" {
                read(&cloakroom, stored).await
            } else if shape == "one-call" {
                send(cloakroom.clone(), (0..count).map(|_| sent()).collect()).await
            } else if shape == IN_TURN {
                let (cloakroom, calls) = (cloakroom.clone(), vec![sent(); count]);
                // A task, so that it is on a thread of the runtime.
                let calls = tokio::spawn(async move {
                    let mut good = 0;
                    for call in calls {
                        good += send(cloakroom.clone(), vec![call]).await;
                    }
                    good
                });
                calls.await.expect("a task")
            } else {
                let calls = (0..count).map(|_| tokio::spawn(send(cloakroom.clone(), vec![sent()])));
                let good = join_all(calls.collect::<Vec<_>>()).await;
                good.into_iter().map(|good| good.expect("a task")).sum()
            }
        };
        let beside = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let began = Instant::now();
            send(cloakroom.clone(), vec![Payload::new("json/plain", "\"small\"")]).await;
            began.elapsed()
        };
        let (good, beside) = tokio::join!(load, beside);
        let time = began.elapsed();
        let peak = process.peak() - before;
        println!(
            "{good} {} {peak} {} {}",
            time.as_secs_f64(),
            heartbeat.p99().as_secs_f64(),
            beside.as_secs_f64(),
        );
    });
}

/// Encodes the payloads one after the other.
async fn stored(cloakroom: &Cloakroom, sent: &impl Fn() -> Payload, count: usize) -> Vec<Payload> {
    let (ctx, mut stored) = (Context::namespace("payments"), Vec::new());
    for _ in 0..count {
        stored.extend(cloakroom.encode(&ctx, vec![sent()]).await.expect("is stored"));
    }
    stored
}

/// Decodes all in one call. Returns how many came back: all or none.
async fn read(cloakroom: &Cloakroom, stored: Vec<Payload>) -> usize {
    match cloakroom.decode(&Context::namespace("payments"), stored).await {
        Ok(read) => read.len(),
        Err(error) => {
            eprintln!("{error}");
            0
        }
    }
}

async fn open(folder: &std::path::Path) -> Cloakroom {
    let text = format!(
        r#"
        [[stage]]
        plugin = "bundled:zstd"

        [[stage]]
        plugin = "bundled:aes-gcm"
        required = true
        settings = {{ ring = "payments" }}
        grants.keys = ["payments"]

        [storage]
        threshold = "256KiB"
        cache.memory = "0B"

        [[storage.driver]]
        name = "file"
        plugin = "bundled:file"
        settings = {{ bucket = "objects" }}
        grants.buckets = ["objects"]

        [buckets.objects]
        url = "file:{}"
        "#,
        folder.join("objects").display()
    );
    fs::create_dir_all(folder.join("objects")).expect("a folder");
    let opening = CloakroomBuilder::text(text).with_key_ring("payments", cloakroom_tests::ring());
    opening.with_cache(cloakroom_tests::compile_cache()).open().await.expect("opens")
}

/// Pages and code that every load needs.
async fn warm_up(cloakroom: &Cloakroom, payload: Payload) {
    assert_eq!(send(cloakroom.clone(), vec![payload]).await, 1);
}

/// Sends payloads in one call, and counts those that came back stored or encoded.
async fn send(cloakroom: Cloakroom, payloads: Vec<Payload>) -> usize {
    match cloakroom.encode(&Context::namespace("payments"), payloads).await {
        Ok(kept) => kept
            .iter()
            .filter(|kept| {
                TemporalReferences::is_reference(kept) || kept.encoding() == Some("binary/sealed")
            })
            .count(),
        Err(error) => {
            eprintln!("{error}");
            0
        }
    }
}
