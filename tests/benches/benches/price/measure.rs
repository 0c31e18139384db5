//! Contests: native, warm and fresh, turn by turn.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use cloakroom::{Context, Payload, Pipeline, plugin::Reuse};
use cloakroom_benches::Samples;
use tokio::runtime::{Builder, Runtime};

use crate::{native::Step, plugins::Codecs};

/// Minimum length of one turn. It makes the cost of reading the clock negligible.
const TURN: Duration = Duration::from_millis(2);
const TURNS: usize = 41;

pub(crate) struct Runner(Runtime);

impl Runner {
    pub(crate) fn new() -> Self {
        Self(Builder::new_current_thread().enable_all().build().expect("a runtime"))
    }

    pub(crate) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.block_on(future)
    }
}

/// Seconds of one operation, turn by turn.
pub(crate) struct Times {
    pub(crate) native: Samples,
    pub(crate) warm: Samples,
    pub(crate) fresh: Samples,
}

pub(crate) struct Contest {
    pub(crate) name: &'static str,
    stages: &'static [&'static str],
    data: fn(usize) -> Payload,
    encode: fn() -> Step,
    decode: Option<fn() -> Step>,
}

impl Contest {
    pub(crate) fn new(
        name: &'static str,
        stages: &'static [&'static str],
        data: fn(usize) -> Payload,
        encode: fn() -> Step,
    ) -> Self {
        Self { name, stages, data, encode, decode: None }
    }

    pub(crate) fn decoding(mut self, decode: fn() -> Step) -> Self {
        self.decode = Some(decode);
        self
    }

    pub(crate) fn run(
        &self,
        runner: &Runner,
        codecs: &Codecs,
        ctx: &Context,
        size: usize,
    ) -> Times {
        let plain = (self.data)(size);
        let warm = codecs.pipeline(runner, self.stages, Reuse::Warm);
        let fresh = codecs.pipeline(runner, self.stages, Reuse::Fresh);
        match self.decode {
            None => {
                let mut native = (self.encode)();
                compete(
                    runner,
                    |count| {
                        repeat(count, || drop(native(&plain)));
                    },
                    [&warm, &fresh],
                    async |pipeline| {
                        let batch = vec![plain.clone()];
                        drop(pipeline.encode(ctx, batch).await.expect("encodes"));
                    },
                )
            }
            Some(decode) => {
                let sealed = (self.encode)()(&plain);
                let mut native = decode();
                assert!(native(&sealed) == plain, "the native steps do not round-trip");
                compete(
                    runner,
                    |count| {
                        repeat(count, || drop(native(&sealed)));
                    },
                    [&warm, &fresh],
                    async |pipeline| {
                        let batch = vec![sealed.clone()];
                        drop(pipeline.decode(ctx, batch).await.expect("decodes"));
                    },
                )
            }
        }
    }
}

fn repeat(count: usize, mut work: impl FnMut()) {
    for _ in 0..count {
        work();
    }
}

fn compete(
    runner: &Runner,
    mut native: impl FnMut(usize),
    [warm, fresh]: [&Pipeline; 2],
    plugin: impl AsyncFn(&Pipeline),
) -> Times {
    let mut run = |who: usize, count: usize| {
        let start = Instant::now();
        match who {
            0 => native(count),
            _ => runner.block_on(async {
                for _ in 0..count {
                    plugin(if who == 1 { warm } else { fresh }).await;
                }
            }),
        }
        start.elapsed()
    };
    let counts = [0, 1, 2].map(|who| {
        run(who, 3);
        let one = run(who, 3) / 3;
        (TURN.as_nanos() / one.as_nanos().max(1)).clamp(1, 20_000) as usize
    });
    let mut times: [Samples; 3] = Default::default();
    let long = counts.contains(&1);
    for _ in 0..if long { TURNS / 2 } else { TURNS } {
        for who in 0..3 {
            times[who].push(run(who, counts[who]).as_secs_f64() / counts[who] as f64);
        }
    }
    let [native, warm, fresh] = times;
    Times { native, warm, fresh }
}
