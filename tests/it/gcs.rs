//! Google Cloud Storage: an emulator of its JSON API behind a stand-in for the XML API, which
//! `object_store` writes by. Signatures and refusals of the real service are not tested.

use cloakroom::storage::{BucketUrl, ObjectBucket};
use cloakroom_tests::rigs::{self, BUCKET};

use crate::stores::{Creates, carries, holds};

pub fn bucket() -> ObjectBucket {
    named(BUCKET)
}

/// A bucket of the emulator that has this name.
pub fn named(name: &str) -> ObjectBucket {
    BucketUrl::new(format!("gs://{name}"))
        .with_setting("base_url", rigs::fake_gcs().url())
        .with_setting("bearer_token", "nobody asks")
        .open()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn emulator() {
    let bucket = bucket();
    holds(&bucket, Creates::Atomically).await;
    let kept = carries("gcs", bucket).await;
    let reference: serde_json::Value = serde_json::from_slice(&kept[0].data).unwrap();
    let claim = &reference["claimData"];
    assert!(claim["object_name"].is_string());
    assert_eq!(claim["key"], claim["object_name"], "what Go's first driver reads");
}
