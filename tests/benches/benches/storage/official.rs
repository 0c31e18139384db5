//! Temporal's official S3 driver in Python, on the same server.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    time::Instant,
};

use cloakroom::Context;
use cloakroom_benches::{Cell, Samples, Table};
use cloakroom_tests::rigs::{BUCKET, RCLONE_KEY, RCLONE_SECRET};
use serde_json::{Value, json};

use crate::{
    LARGE,
    contest::{payload, runtime},
    mebibytes,
    place::Place,
};

pub(crate) fn compare(place: &Place) -> Table {
    let columns = ["one after another, S3 (rclone)", "size", "Python SDK", "Cloakroom", "as fast"];
    let mut table = Table::new("official driver", &columns);
    for (size, count) in [(4 << 20, 21), (LARGE, 7)] {
        let python = python(place, size, count);
        let ours = ours(place, size, count);
        for (name, ours) in [("store", ours[0].clone()), ("retrieve", ours[1].clone())] {
            let seconds = python[name].as_array().expect("seconds").iter();
            let python: Samples = seconds.map(|time| time.as_f64().expect("seconds")).collect();
            let speed =
                |seconds: &Samples| Cell::throughput(&seconds.map(|time| size as f64 / time));
            table.row([
                name.into(),
                format!("{} MiB", mebibytes(size)).into(),
                speed(&python),
                speed(&ours),
                Cell::times(&python, &ours),
            ]);
        }
    }
    table
}

fn ours(place: &Place, size: usize, count: usize) -> [Samples; 2] {
    runtime().block_on(async {
        let (pipeline, ctx) = (place.pipeline().await, Context::none());
        let mut times: [Samples; 2] = Default::default();
        for number in 0..count {
            let sent = vec![payload(size, 1000 + number)];
            let start = Instant::now();
            let kept = pipeline.encode(&ctx, sent).await.expect("stores");
            times[0].push(start.elapsed().as_secs_f64());
            let start = Instant::now();
            pipeline.decode(&ctx, kept).await.expect("retrieves");
            times[1].push(start.elapsed().as_secs_f64());
        }
        times
    })
}

fn python(place: &Place, size: usize, count: usize) -> Value {
    let interpreter =
        std::env::var_os("CLOAKROOM_PYTHON").expect("run this as `cargo xtask bench`");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../python/external.py");
    let mut child = Command::new(interpreter)
        .arg(script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python");
    let request = json!({
        "op": "bench", "driver": "s3", "endpoint": place.endpoint, "bucket": BUCKET,
        "key": RCLONE_KEY, "secret": RCLONE_SECRET, "size": size, "count": count,
    });
    let input = child.stdin.take().expect("an input");
    { input }.write_all(request.to_string().as_bytes()).expect("listens");
    let output = child.wait_with_output().expect("ends");
    let answer: Value = serde_json::from_slice(&output.stdout).expect("an answer");
    assert!(answer["error"].is_null(), "{answer}");
    answer
}
