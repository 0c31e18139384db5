//! Google Cloud Storage, by an emulator of its JSON interface behind a stand-in for the one that
//! `object_store` writes by. What the stand-in cannot show is how the real one signs and refuses.

use cloakroom::storage::{BucketUrl, ObjectBucket};
use cloakroom_tests::rigs::{self, BUCKET};

use crate::stores::{Creates, carries, holds};

pub fn bucket() -> ObjectBucket {
    BucketUrl::new(format!("gs://{BUCKET}"))
        .set("base_url", rigs::fake_gcs().url())
        .set("bearer_token", "nobody asks")
        .open()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn emulator() {
    let bucket = bucket();
    holds(&bucket, Creates::Atomically).await;
    let kept = carries("gcs", bucket).await;
    let reference: serde_json::Value = serde_json::from_slice(&kept[0].data).unwrap();
    assert!(reference["claimData"]["object_name"].is_string());
}
