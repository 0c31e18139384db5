//! Configurations of the steps, and calls through them.

use std::time::Duration;

use cloakroom::{Cloakroom, CloakroomBuilder, Context, Payload};

/// Stage that encrypts under the ring of the tests.
pub(crate) const SEALING: &str = "[[stage]]\nplugin = \"bundled:aes-gcm\"\nrequired = true\n\
                                  settings = { ring = \"payments\" }\ngrants.keys = [\"payments\"]\n";

/// The same behind one that compresses.
pub(crate) fn compressing() -> String {
    format!("[[stage]]\nplugin = \"bundled:zstd\"\n{SEALING}")
}

/// Returns the builder of a configuration that has the ring of the tests.
pub(crate) fn builder(text: String) -> CloakroomBuilder {
    let builder = CloakroomBuilder::text(text).with_cache(cloakroom_tests::compile_cache());
    builder.with_key_ring("payments", cloakroom_tests::ring())
}

/// Opens a configuration, and lets a few payloads through it for pages and code that every step needs.
pub(crate) async fn warm(text: String) -> Cloakroom {
    let cloakroom = builder(text).open().await.expect("opens");
    let (ctx, small) = (Context::namespace("default"), cloakroom_tests::text(1 << 10));
    for _ in 0..20 {
        round_trip(&cloakroom, &ctx, Payload::new("json/plain", small.clone())).await;
    }
    // A quick call may leave a thread of the host that is about to sleep.
    tokio::time::sleep(Duration::from_millis(20)).await;
    cloakroom
}

/// Encodes a payload and decodes what became of it.
pub(crate) async fn round_trip(cloakroom: &Cloakroom, ctx: &Context, payload: Payload) {
    let length = payload.data.len();
    let encoded = encode(cloakroom, ctx, payload).await;
    let decoded = cloakroom.decode(ctx, encoded).await.expect("decodes");
    assert!(decoded.iter().all(|payload| payload.data.len() == length), "comes back");
}

/// Encodes a payload.
pub(crate) async fn encode(cloakroom: &Cloakroom, ctx: &Context, payload: Payload) -> Vec<Payload> {
    let encoded = cloakroom.encode(ctx, vec![payload]).await.expect("encodes");
    assert!(encoded.iter().all(|payload| payload.encoding() != Some("json/plain")), "is encoded");
    encoded
}
