//! S3, by servers that speak it.

use cloakroom::{
    ErrorKind,
    storage::{Bucket, BucketUrl, ObjectBucket, PutMode},
};
use cloakroom_tests::{
    chain,
    rigs::{self, BUCKET, RCLONE_KEY, RCLONE_SECRET},
};

use crate::stores::{Creates, carries, holds};

/// A bucket of its own in a server that keeps conditions, and checks no signature.
pub fn moto(name: &str) -> ObjectBucket {
    rigs::bucket(&rigs::moto().url(), name);
    place(&rigs::moto().url(), name).open().unwrap()
}

pub fn place(endpoint: &str, name: &str) -> BucketUrl {
    BucketUrl::new(format!("s3://{name}"))
        .set("endpoint", endpoint)
        .set("region", "us-east-1")
        .set("access_key_id", "test")
        .set("secret_access_key", "test")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_with_conditions() {
    let bucket = moto("conditions");
    holds(&bucket, Creates::OneByOne).await;
    carries("s3", bucket).await;
}

/// Some stores do not keep conditions: what is there is replaced, by the same bytes.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_checks_signatures() {
    let signed = |secret: &str| {
        let place = place(&rigs::rclone().url(), BUCKET);
        place.set("access_key_id", RCLONE_KEY).set("secret_access_key", secret).open().unwrap()
    };
    let bucket = signed(RCLONE_SECRET);
    holds(&bucket, Creates::Not).await;
    carries("s3", bucket.clone()).await;

    // So large that it goes in parts, and not as a whole number of them.
    let large = cloakroom_tests::noise((101 << 20) + 7);
    let pieces = vec![large.slice(..5), large.slice(5..20 << 20), large.slice(20 << 20..)];
    bucket.put("a/parts", pieces, PutMode::Create).await.unwrap();
    assert!(bucket.get("a/parts", u64::MAX).await.unwrap() == large);

    let wrong = signed("another secret");
    for failed in [
        wrong.get("a/large", 9 << 20).await.map(drop),
        wrong.put("a/new", vec!["x".into()], PutMode::Create).await.map(drop),
        wrong.size("a/large").await.map(drop),
    ] {
        let error = failed.unwrap_err();
        let says = chain(&error);
        assert_eq!(error.kind(), ErrorKind::Denied, "{says}");
        assert!(!error.kind().is_transient());
        assert!(!says.contains("another secret"), "{says}");
    }
}
