//! Lifecycle rules of the bucket of wrapped keys, as `cloakroom check --stores` judges them: S3 as moto
//! serves it, Google behind a stand-in that keeps rules as Google documents them, and Azure, whose rules
//! cannot be read.

use std::sync::Arc;

use cloakroom::{
    ErrorKind,
    inspect::{StoreOutcome, StoreRow, StoreStep},
    keys::WRAPPED_KEYS,
    storage::{Bucket, BucketUrl, ObjectBucket},
};
use cloakroom_tests::rigs::{
    Answered, KeyServer, fake_gcs, gcs_bucket, gcs_rules, lifecycle, moto,
};

use super::{Kek, builder, file, stored::STORED};
use crate::{azure, gcs, s3};

async fn expiry(bucket: ObjectBucket) -> Vec<StoreRow> {
    let builder = builder(&file("", STORED), &Kek::new()).with_bucket("keys", Arc::new(bucket));
    let rows = builder.check().await.unwrap().stores().await;
    assert!(rows.iter().all(|row| row.driver == "keys.payments" && row.bucket == "keys"));
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lifecycle_rule_that_covers_wrapped_keys_is_refused() {
    let (url, name) = (moto().url(), "wrapped-keys-rules");
    let bucket = s3::moto(name);
    let steps = [StoreStep::Write, StoreStep::Read, StoreStep::Remove, StoreStep::Expiry];
    let rows = expiry(bucket.clone()).await;
    assert!(rows.iter().map(|row| row.step).eq(steps), "{rows:?}");
    assert!(!rows.iter().any(StoreRow::is_failure), "{rows:?}");
    assert_eq!(
        bucket.list(WRAPPED_KEYS, None).await.unwrap().len(),
        1,
        "that of the codec's trial"
    );
    lifecycle(&url, name, "v0/ns/");
    assert!(!expiry(bucket.clone()).await.iter().any(StoreRow::is_failure));
    lifecycle(&url, name, "cloakroom/");
    let rows = expiry(bucket).await;
    let StoreOutcome::Failed { error, .. } = &rows[3].outcome else { panic!("{rows:?}") };
    assert!(error.contains("lifecycle rule `expiry`"), "{error}");
    assert_eq!(rows.iter().filter(|row| row.is_failure()).count(), 1, "{rows:?}");
    // Where the rules are not to be seen, nothing is claimed.
    let rows = expiry(azure::bucket()).await;
    assert!(unprovable(&rows).contains("cannot be read"), "{rows:?}");
}

#[track_caller]
fn unprovable(rows: &[StoreRow]) -> &str {
    let StoreOutcome::Unprovable(text) = &rows[3].outcome else { panic!("{rows:?}") };
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_of_google_are_read_by_its_json_api() {
    let (url, name) = (fake_gcs().url(), "wrapped-keys-rules");
    gcs_bucket(&url, name);
    let rows = |rules: &'static str| {
        gcs_rules(&url, name, rules);
        expiry(gcs::named(name))
    };
    assert!(!expiry(gcs::named(name)).await.iter().any(StoreRow::is_failure));
    let elsewhere = r#"[{"action":{"type":"Delete"},"condition":{"age":9,"matchesPrefix":["v0/ns/"]}},
        {"action":{"type":"AbortIncompleteMultipartUpload"},"condition":{"age":1}}]"#;
    let found = rows(elsewhere).await;
    assert!(matches!(found[3].outcome, StoreOutcome::Done), "{found:?}");
    let found = rows(r#"[{"action":{"type":"Delete"},"condition":{"age":9}}]"#).await;
    let StoreOutcome::Failed { error, .. } = &found[3].outcome else { panic!("{found:?}") };
    assert!(error.contains("lifecycle rule `number 1`"), "{error}");
    let dated = r#"[{"action":{"type":"Delete"},"condition":{"createdBefore":"2027-01-01"}}]"#;
    assert!(unprovable(&rows(dated).await).contains("condition `createdBefore`"));
}

/// Answers that the stand-in does not give, as Google documents them.
#[tokio::test(flavor = "multi_thread")]
async fn rules_of_google_that_are_not_shown_are_not_taken_for_none() {
    let server = KeyServer::start();
    let bucket = |name: &str| {
        let url = BucketUrl::new(format!("gs://{name}")).with_setting("base_url", server.url());
        url.with_setting("bearer_token", "google-token").open().unwrap()
    };
    let refused =
        r#"{"error":{"code":403,"message":"x does not have storage.buckets.get access"}}"#;
    let missing = r#"{"error":{"code":404,"message":"The specified bucket does not exist."}}"#;
    for (status, body, expect, word) in [
        (403, refused, ErrorKind::Denied, "storage.buckets.get"),
        (404, missing, ErrorKind::Failed, "HTTP 404"),
        (429, "{}", ErrorKind::Unavailable, "could not show"),
        (503, "{}", ErrorKind::Unavailable, "could not show"),
        (200, "{}", ErrorKind::Failed, "documented form"),
        (200, "<html>", ErrorKind::Failed, "documented form"),
    ] {
        server.fault(Some(Answered::new(status, body)));
        let error = bucket("keys").expiring(WRAPPED_KEYS).await.unwrap_err();
        assert_eq!(error.kind(), expect, "{error}");
        assert!(
            error.to_string().contains(word) && !error.to_string().contains("token"),
            "{error}"
        );
    }
    assert!(
        server.seen().iter().all(|target| target == "/storage/v1/b/keys?fields=kind,lifecycle")
    );
    let sent = server.seen().len();
    let error = bucket("keys?x").expiring(WRAPPED_KEYS).await.unwrap_err();
    assert_eq!((error.kind(), server.seen().len()), (ErrorKind::Failed, sent), "{error}");
}
