//! Many objects in flight: the driver, the same requests by `object_store` itself, and the official
//! driver in Python, each in a process of its own, so that its processor time can be told apart.

use std::{env, future::Future, process::Command, time::Instant};

use cloakroom::Context;
use cloakroom_benches::{Cell, Process, Samples, Table};
use futures::{StreamExt as _, stream};
use serde_json::{Value, json};

use crate::{
    LARGE,
    contest::{payload, runtime},
    direct, mebibytes, official,
    place::Place,
};

/// Says that this process is to store and retrieve many objects.
pub(crate) const ALONE: &str = "--measure-many-at";

/// Each leaves 2.4 GB in the store until the benchmark ends.
const ROUNDS: usize = 2;

/// Size of an object, number of objects, and how many of them are in flight at once.
const LOADS: [Load; 2] = [
    Load { size: 4 << 20, count: 96, in_flight: 64 },
    Load { size: LARGE, count: 8, in_flight: 8 },
];

#[derive(Clone, Copy)]
struct Load {
    size: usize,
    count: usize,
    in_flight: usize,
}

/// Figures of one contestant in one direction, one for each round.
#[derive(Clone, Default)]
struct Figures {
    cpu: Samples,
    half: Samples,
    most: Samples,
}

pub(crate) fn compare(place: &Place) -> Table {
    let columns = [
        "in flight, S3 (rclone)",
        "size",
        "CPU of 1 GB, Python SDK",
        "object_store",
        "Cloakroom",
        "Python SDK / Cloakroom",
        "object_store / Cloakroom",
        "p50, Python SDK",
        "p50, object_store",
        "p50, Cloakroom",
        "p99, Python SDK",
        "p99, object_store",
        "p99, Cloakroom",
    ];
    let mut table = Table::new("many in flight", &columns);
    for load in LOADS {
        let mut figures: [[Figures; 3]; 2] = Default::default();
        for round in 0..ROUNDS {
            for turn in 0..3 {
                let who = (round + turn) % 3;
                let measured = match who {
                    0 => python(place, load),
                    1 => alone(place, "object_store", load, round),
                    _ => alone(place, "cloakroom", load, round),
                };
                for (side, name) in figures.iter_mut().zip(["store", "retrieve"]) {
                    side[who].add(&measured[name], load);
                }
            }
        }
        for (side, name) in figures.iter().zip(["store", "retrieve"]) {
            let [python, direct, ours] = side;
            table.row([
                format!("{name}, {}", load.in_flight).into(),
                format!("{} MiB", mebibytes(load.size)).into(),
                Cell::time(&python.cpu),
                Cell::time(&direct.cpu),
                Cell::time(&ours.cpu),
                Cell::times(&python.cpu, &ours.cpu),
                Cell::ratio(&direct.cpu, &ours.cpu),
                Cell::time(&python.half),
                Cell::time(&direct.half),
                Cell::time(&ours.half),
                Cell::time(&python.most),
                Cell::time(&direct.most),
                Cell::time(&ours.most),
            ]);
        }
    }
    table
}

impl Figures {
    fn add(&mut self, measured: &Value, load: Load) {
        let gigabytes = (load.size * load.count) as f64 / 1e9;
        self.cpu.push(measured["cpu"].as_f64().expect("seconds") / gigabytes);
        let seconds = measured["seconds"].as_array().expect("a list").iter();
        let seconds: Samples = seconds.map(|one| one.as_f64().expect("seconds")).collect();
        self.half.push(seconds.quantile(0.5));
        self.most.push(seconds.quantile(0.99));
    }
}

fn python(place: &Place, load: Load) -> Value {
    let Load { size, count, in_flight } = load;
    official::python(place, json!({ "size": size, "count": count, "in_flight": in_flight }))
}

/// Has another process of this program measure itself.
fn alone(place: &Place, who: &str, load: Load, round: usize) -> Value {
    let this = env::current_exe().expect("a path");
    let numbers = [load.size, load.count, load.in_flight, round].map(|number| number.to_string());
    let output = Command::new(this).args([ALONE, who, &place.word()]).args(numbers).output();
    let output = output.expect("runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("JSON")
}

/// Stores and retrieves objects, and prints what that took: `WHO PLACE SIZE COUNT IN_FLIGHT ROUND`.
pub(crate) fn measure(args: &[String]) {
    let [who, place, numbers @ ..] = args else { panic!("two words and four numbers") };
    let numbers: Vec<usize> = numbers.iter().map(|text| text.parse().expect("a number")).collect();
    let [size, count, in_flight, round] = *numbers else { panic!("four numbers") };
    let place = Place::of_word(place);
    // Nobody else's payloads: whoever stores what is there already sends nothing.
    let first = 10_000 + (round * 2 + usize::from(who == "cloakroom")) * count;
    let payloads: Vec<_> = (first..first + count).map(|number| payload(size, number)).collect();
    let measured = runtime().block_on(async {
        if who == "cloakroom" {
            let pipeline = place.pipeline().await;
            let (storing, retrieving) = (pipeline.clone(), pipeline);
            let (store, kept) = all(in_flight, payloads, move |one| {
                let pipeline = storing.clone();
                async move { pipeline.encode(&Context::none(), vec![one]).await.expect("stores") }
            })
            .await;
            let (retrieve, _) =
                    all(in_flight, kept, move |one| {
                        let pipeline = retrieving.clone();
                        async move {
                            pipeline.decode(&Context::none(), one).await.expect("retrieves").len()
                        }
                    })
                    .await;
            json!({ "store": store, "retrieve": retrieve })
        } else {
            let storing = place.store();
            let retrieving = storing.clone();
            let (store, paths) = all(in_flight, payloads, move |one| {
                let store = storing.clone();
                async move { direct::store(&*store, &one).await }
            })
            .await;
            let (retrieve, _) = all(in_flight, paths, move |path| {
                let store = retrieving.clone();
                async move { direct::retrieve(&*store, &path).await.data.len() }
            })
            .await;
            json!({ "store": store, "retrieve": retrieve })
        }
    });
    println!("{measured}");
}

/// Does the work for all of these, so many at once, each in a task of its own. Returns the processor time
/// and the seconds that each took.
async fn all<A, T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    in_flight: usize,
    these: Vec<A>,
    work: impl Fn(A) -> F,
) -> (Value, Vec<T>) {
    let worked = Process::own().worked();
    let timed = these.into_iter().map(|one| {
        let work = work(one);
        async move {
            let began = Instant::now();
            let done = tokio::spawn(work).await.expect("ends");
            (began.elapsed().as_secs_f64(), done)
        }
    });
    let done: Vec<_> = stream::iter(timed).buffer_unordered(in_flight).collect().await;
    let cpu = Process::own().worked() - worked;
    let (seconds, results): (Vec<f64>, Vec<T>) = done.into_iter().unzip();
    (json!({ "cpu": cpu, "seconds": seconds }), results)
}
