//! Peak memory while one large payload is stored and retrieved, in a process of its own.

use std::{env, process::Command};

use cloakroom::Context;
use cloakroom_benches::{Process, Samples};

use crate::{
    LARGE,
    contest::{payload, runtime},
    place::Place,
};

/// Says that this process is to measure itself.
pub(crate) const ALONE: &str = "--measure-memory-at";

const SIZE: usize = LARGE;

/// Processes that measure the same, one after the other.
const TURNS: usize = 3;

/// The peak over storing and over retrieving, as shares of the payload's size.
pub(crate) fn peaks(place: &Place) -> [Samples; 2] {
    let this = env::current_exe().expect("a path");
    let mut peaks: [Samples; 2] = Default::default();
    for _ in 0..TURNS {
        let output = Command::new(&this).args([ALONE, &place.word()]).output().expect("runs");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout).expect("text");
        let mut numbers = text.split_whitespace().map(|number| number.parse().expect("a number"));
        peaks.iter_mut().for_each(|peak| peak.push(numbers.next().expect("two numbers")));
    }
    peaks
}

pub(crate) fn alone(word: &str) {
    let (place, process) = (Place::of_word(word), Process::own());
    runtime().block_on(async {
        let (pipeline, ctx) = (place.pipeline().await, Context::none());
        let small = pipeline.encode(&ctx, vec![payload(100_000, 77)]).await.expect("stores");
        pipeline.decode(&ctx, small).await.expect("retrieves");

        // The payload counts: it is there once, whoever stores it.
        let before = process.resident();
        let large = vec![payload(SIZE, 78)];
        process.forget_peak();
        let kept = pipeline.encode(&ctx, large).await.expect("stores");
        let store = process.peak() - before;

        let before = process.resident();
        process.forget_peak();
        let read = pipeline.decode(&ctx, kept).await.expect("retrieves");
        let retrieve = process.peak() - before;
        assert_eq!(read[0].data.len(), SIZE);
        println!("{} {}", store / SIZE as f64, retrieve / SIZE as f64);
    });
}
