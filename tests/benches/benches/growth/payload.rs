//! Growth with the size of a payload.

use cloakroom::{Context, Payload};
use futures::{FutureExt as _, future::LocalBoxFuture};

use crate::{
    axis::{self, Axis},
    configuration::{compressing, round_trip, warm},
    meter::{Costs, Meter},
};

/// Limits that 256 MiB need. The memory of a plugin keeps its default.
const LIMITS: &str = "[limits]\npayload = \"257MiB\"\noutput = \"520MiB\"\nheld = \"1560MiB\"\n\
                      call_bytes = \"2GiB\"\nprocess_bytes = \"4GiB\"\ntime = \"2m\"\n";

pub(crate) fn axis() -> Axis {
    Axis {
        title: "size of a payload",
        size: "encoded and decoded",
        first: None,
        sizes: &[
            1 << 10,
            4 << 10,
            16 << 10,
            64 << 10,
            256 << 10,
            1 << 20,
            4 << 20,
            16 << 20,
            64 << 20,
            256 << 20,
        ],
        show: axis::bytes,
        prepare: axis::nothing(),
        measure,
    }
}

fn measure(size: usize, _: String) -> LocalBoxFuture<'static, Costs> {
    async move {
        let cloakroom = warm(compressing() + LIMITS).await;
        let ctx = Context::namespace("default");
        let meter = Meter::start();
        let body = cloakroom_tests::text(size);
        let turn = async || {
            round_trip(&cloakroom, &ctx, Payload::new("json/plain", body.clone())).await;
        };
        meter.repeat(0.0, turn).await
    }
    .boxed_local()
}
