//! Azure Blob Storage, by Azurite.

use cloakroom::{
    ErrorKind,
    storage::{BucketUrl, ObjectBucket},
};
use cloakroom_tests::rigs::{self, AZURITE_ACCOUNT, AZURITE_KEY, BUCKET};

use crate::stores::{Creates, carries, holds};

/// The bucket of the emulator.
pub fn bucket() -> ObjectBucket {
    place(AZURITE_KEY).open().unwrap()
}

fn place(key: &str) -> BucketUrl {
    BucketUrl::new(format!("az://{BUCKET}"))
        .with_setting("endpoint", format!("{}/{AZURITE_ACCOUNT}", rigs::azurite().url()))
        .with_setting("account_name", AZURITE_ACCOUNT)
        .with_setting("access_key", key)
}

#[tokio::test(flavor = "multi_thread")]
async fn azurite() {
    let bucket = bucket();
    holds(&bucket, Creates::Atomically).await;
    let kept = carries("azure", bucket).await;
    let reference: serde_json::Value = serde_json::from_slice(&kept[0].data).unwrap();
    assert_eq!(reference["claimData"]["container"], BUCKET);

    let wrong = place("d3Jvbmc=").open().unwrap();
    let error = cloakroom::storage::Bucket::get(&wrong, "a/large", 9).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
}
