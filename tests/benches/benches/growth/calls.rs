//! Growth with the number of calls in flight.

use cloakroom::{Context, Payload};
use futures::{FutureExt as _, future::LocalBoxFuture};
use tokio::task::JoinSet;

use crate::{
    axis::{self, Axis},
    configuration::{compressing, encode, warm},
    meter::{Costs, Meter},
};

/// Bytes of the payload of each call.
const SIZE: usize = 64 << 10;

pub(crate) fn axis() -> Axis {
    Axis {
        title: "calls in flight",
        size: "calls that encode 64 KiB each, begun together",
        first: None,
        sizes: &[1, 4, 16, 64, 256],
        show: axis::count,
        prepare: axis::nothing(),
        measure,
    }
}

fn measure(calls: usize, _: String) -> LocalBoxFuture<'static, Costs> {
    async move {
        let cloakroom = warm(compressing()).await;
        let body = cloakroom_tests::text(SIZE);
        let meter = Meter::start();
        let turn = async || {
            let mut in_flight = JoinSet::new();
            for _ in 0..calls {
                let (cloakroom, body) = (cloakroom.clone(), body.clone());
                in_flight.spawn(async move {
                    let ctx = Context::namespace("default");
                    encode(&cloakroom, &ctx, Payload::new("json/plain", body)).await.len()
                });
            }
            assert_eq!(in_flight.join_all().await.into_iter().sum::<usize>(), calls);
        };
        meter.repeat(0.0, turn).await
    }
    .boxed_local()
}
