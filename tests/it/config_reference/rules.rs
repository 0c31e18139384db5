//! Rules and policies to copy: they parse, and match the keys of drivers.

use std::sync::Arc;

use cloakroom::{
    CloakroomBuilder, Context,
    pipeline::Kind,
    storage::{Bucket as _, ObjectBucket},
};
use cloakroom_tests::{chain, compile_cache, plain};

use super::{open, page, settings::with_plugin, write};

/// The JSON blocks of a page, parsed.
fn json_blocks(page: &str) -> Vec<serde_json::Value> {
    let blocks = page.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    blocks.map(|block| serde_json::from_str(block).expect(block)).collect()
}

/// Each lifecycle rule matches what its driver stores, and leaves it there for as long as the page's
/// own sum says. Each removes what unfinished uploads leave, where the store does not do so itself.
#[tokio::test(flavor = "multi_thread")]
async fn the_lifecycle_rules_match_the_keys_of_drivers() {
    let page = page("expiry.md");
    let (_, sum) = page.split_once("20 + 10 + 30 + 2 = ").unwrap();
    let days: u64 = sum.split(' ').next().unwrap().parse().unwrap();
    assert_eq!(days, 20 + 10 + 30 + 2);
    let blocks = json_blocks(&page);
    let [s3, gcs, azure] = blocks.as_slice() else { panic!("{} rules", blocks.len()) };
    let azure = &azure["rules"][0];
    assert_eq!(s3["Rules"][0]["Expiration"]["Days"], days);
    assert_eq!(gcs["rule"][0]["condition"]["age"], days);
    let delete = &azure["definition"]["actions"]["baseBlob"]["delete"];
    assert_eq!(delete["daysAfterModificationGreaterThan"], days);
    assert!(s3["Rules"][1]["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"].is_u64());
    assert_eq!(gcs["rule"][2]["action"]["type"], "AbortIncompleteMultipartUpload");
    let blob = azure["definition"]["filters"]["prefixMatch"][0].as_str().unwrap();
    let (container, azure) = blob.split_once('/').unwrap();
    assert_eq!(container, "my-container");
    let prefixes = [
        ("s3", s3["Rules"][0]["Filter"]["Prefix"].as_str().unwrap()),
        ("gcs", gcs["rule"][0]["condition"]["matchesPrefix"][0].as_str().unwrap()),
        ("gcs", gcs["rule"][1]["condition"]["matchesPrefix"][0].as_str().unwrap()),
        ("azure", azure),
    ];
    for (driver, prefix) in prefixes {
        for key in keys_of(driver).await {
            assert!(key.starts_with(prefix), "{driver}: {key}");
        }
    }
}

/// The policies of the page on buckets reach what a driver stores, and nothing of other namespaces.
#[tokio::test(flavor = "multi_thread")]
async fn the_policy_of_a_worker_reaches_its_objects() {
    let blocks = json_blocks(&page("buckets.md"));
    let [policy] = blocks.as_slice() else { panic!("{} policies", blocks.len()) };
    let [objects, list] = policy["Statement"].as_array().unwrap().as_slice() else {
        panic!("{policy}")
    };
    let resource = objects["Resource"].as_str().unwrap().split_once(":::").unwrap().1;
    let (bucket, prefix) = resource.split_once('/').unwrap();
    let prefix = prefix.strip_suffix('*').unwrap();
    for key in keys_of("s3").await {
        assert!(key.starts_with(prefix), "{key}");
    }
    let actions = objects["Action"].as_array().unwrap();
    for action in ["s3:GetObject", "s3:PutObject"] {
        assert!(actions.iter().any(|listed| listed == action), "{action}");
    }
    assert!(!actions.iter().any(|listed| listed == "s3:DeleteObject"), "no worker deletes");
    assert!(list["Resource"].as_str().unwrap().ends_with(&format!(":::{bucket}")));
    let listed = list["Condition"]["StringLike"]["s3:prefix"].as_str().unwrap();
    assert_eq!(listed.strip_suffix('*'), Some(prefix));
}

/// Keys that a bundled driver gives to payloads of the namespace `payments`.
async fn keys_of(driver: &str) -> Vec<String> {
    let bucket = Arc::new(ObjectBucket::memory("payloads"));
    let text = with_plugin(driver, "bucket = \"b\"")
        .replace("memory:b", "native:b")
        .replace("[[storage.driver]]", "[storage]\nthreshold = \"0B\"\n[[storage.driver]]");
    let folder = tempfile::tempdir().unwrap();
    let file = CloakroomBuilder::file(write(folder.path(), &text)).with_cache(compile_cache());
    let cloakroom = file.with_bucket("b", bucket.clone()).open().await.unwrap();
    let namespace = Context::namespace("payments");
    let run = namespace.clone().with_target(Kind::Workflow, "order-17", "Pay", Some("run"));
    for ctx in [namespace, run] {
        cloakroom.encode(&ctx, vec![plain("x")]).await.unwrap();
    }
    let keys = bucket.list("", None).await.unwrap();
    assert_eq!(keys.len(), 2, "{keys:?}");
    keys
}

/// Each piece of configuration on the pages opens, behind a stage and with its secrets in place.
#[tokio::test(flavor = "multi_thread")]
async fn every_piece_of_configuration_opens() {
    let mut opened = 0;
    for name in ["buckets.md", "expiry.md", "temporal.md"] {
        let text = page(name);
        for block in text.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()) {
            let text = format!("[[stage]]\nplugin = \"bundled:zstd\"\n{block}");
            let cloakroom = open(&text).await.map_err(|error| format!("{name}: {}", chain(&error)));
            cloakroom.unwrap().codec_server().unwrap();
            opened += 1;
        }
    }
    assert!(opened > 4, "{opened} pieces were found");
}
