//! Storage of a namespace: its threshold, its driver and its rules.

use cloakroom::{Cloakroom, Context, Payload, pipeline::Kind};
use cloakroom_tests::{noise, plain};

use super::{aes, open};

/// Two drivers in memory, and `rules`.
async fn stored(rules: &str) -> Cloakroom {
    let driver = |name: &str| {
        format!(
            "[[storage.driver]]\nname = \"{name}\"\nplugin = \"bundled:s3\"\n\
             settings = {{ bucket = \"{name}\" }}\ngrants.buckets = [\"{name}\"]\n\
             [buckets.{name}]\nurl = \"memory:{name}\"\n"
        )
    };
    let storage = "[storage]\nthreshold = \"8KiB\"\nstore_with = \"all\"\n";
    open(aes("") + storage + &driver("all") + &driver("own") + rules).await
}

/// Returns the driver that stores so many bytes.
async fn driver(cloakroom: &Cloakroom, ctx: &Context, bytes: usize) -> Option<String> {
    let sent = vec![plain(noise(bytes))];
    let encoded: Vec<Payload> = cloakroom.encode(ctx, sent.clone()).await.unwrap();
    assert_eq!(cloakroom.decode(ctx, encoded.clone()).await.unwrap(), sent);
    let text = String::from_utf8_lossy(&encoded[0].data).into_owned();
    let drivers = ["all", "own"].into_iter();
    let mut named = drivers.filter(|name| text.contains(&format!("\"driverName\":\"{name}\"")));
    named.next().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_has_its_own_threshold_driver_and_rules() {
    let rules = "[[storage.rule]]\nstore_with = \"all\"\nat_least = \"16KiB\"\n\
                 [namespace.shop.storage]\nthreshold = \"2KiB\"\nstore_with = \"own\"\n\
                 [[namespace.shop.storage.rule]]\nstore_with = \"inline\"\nworkflow_type = \"Bulk*\"\n\
                 task_queue = \"import\"\n\
                 [namespace.audit.storage]\nstore_with = \"inline\"\n\
                 [[namespace.logs.storage.rule]]\nstore_with = \"own\"\ntask_queue = \"logs-*\"\n";
    let cloakroom = stored(rules).await;
    let ns = Context::namespace;
    let on = |ctx: Context, queue: &str| {
        ctx.with_target(Kind::Workflow, "1", "BulkImport", None).with_task_queue(queue)
    };
    for (ctx, bytes, expect) in [
        (ns("other"), 4_000, None),
        (ns("other"), 9_000, Some("all")),
        (ns("shop"), 1_000, None),
        (ns("shop"), 4_000, Some("own")),
        // No rule of all namespaces takes it to another driver.
        (ns("shop"), 20_000, Some("own")),
        (on(ns("shop"), "import"), 20_000, None),
        (on(ns("shop"), "orders"), 20_000, Some("own")),
        (ns("audit"), 20_000, None),
        (on(ns("logs"), "logs-1"), 9_000, Some("own")),
        (on(ns("logs"), "other"), 9_000, Some("all")),
        (ns("logs"), 20_000, Some("all")),
    ] {
        let stored = driver(&cloakroom, &ctx, bytes).await;
        assert_eq!(stored.as_deref(), expect, "{ctx:?}: {bytes} bytes");
    }
    let pipeline = cloakroom.pipeline();
    let threshold = |name: &str| pipeline.threshold_in(name).map(|size| size.get());
    let thresholds = ["other", "shop", "audit", "logs"].map(threshold);
    assert_eq!(thresholds, [Some(8 << 10), Some(2 << 10), None, Some(8 << 10)]);
}

/// An object belongs to the namespace that reads it, and is stored where that one's are.
#[tokio::test(flavor = "multi_thread")]
async fn the_namespace_that_reads_an_object_decides_where_it_lies() {
    let rules = "[namespace.shop]\nshares = [\"billing\"]\n[namespace.billing.storage]\nstore_with = \"own\"\n";
    let cloakroom = stored(rules).await;
    let target = Context::namespace("shop").with_target(Kind::Workflow, "1", "Child", None);
    let ctx = target.with_target_namespace("billing");
    let sent = vec![plain(noise(9_000))];
    let encoded = cloakroom.encode(&ctx, sent.clone()).await.unwrap();
    assert!(String::from_utf8_lossy(&encoded[0].data).contains("\"driverName\":\"own\""));
    let decoded = cloakroom.decode(&Context::namespace("billing"), encoded).await.unwrap();
    assert_eq!(decoded, sent);
}
