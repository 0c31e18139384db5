//! AWS KMS, as moto serves it: it verifies every signature with AWS's own code for Python.

use cloakroom_kms::KeyFailure;
use cloakroom_tests::rigs::MotoKms;

use super::{assert_failure, assert_wraps, context, key, service};

#[tokio::test(flavor = "multi_thread")]
async fn signs_names_its_key_and_binds_the_context() {
    let moto = MotoKms::start();
    let arn = moto.key("payments");
    moto.key("orders");
    let user = moto.user("worker", &["kms:Encrypt", "kms:Decrypt"]);
    let reader = moto.user("reader", &["kms:Decrypt"]);
    moto.enforce();
    let address = moto.url();
    let with = |id: &str, secret: &str, uri: &str| {
        let settings =
            [("address", address.as_str()), ("access_key_id", id), ("secret_access_key", secret)];
        service(uri, &settings)
    };
    let of = |uri: &str| with(&user.id, &user.secret, uri);
    let uri = "awskms:///alias/payments?region=eu-central-1";
    let payments = of(uri);
    let wrapped = assert_wraps(&*payments).await;
    let ours = context("shop");

    // By its ARN it is the same key, and in a test of what the URI adds to the context another.
    let by_arn = of(&format!("awskms:///{arn}"));
    assert_eq!(by_arn.unwrap(&wrapped, Some(&ours)).await.unwrap().bytes(), key().bytes());
    let more = of("awskms:///alias/payments?region=eu-central-1&context_team=a");
    assert_failure(more.unwrap(&wrapped, Some(&ours)).await, KeyFailure::Mismatch);
    assert_wraps(&*more).await;

    // A wrapped key of another key opens under none but that, and takes nobody's key away.
    let orders = of("awskms:///alias/orders?region=eu-central-1");
    assert_failure(orders.unwrap(&wrapped, Some(&ours)).await, KeyFailure::Mismatch);

    let missing = of("awskms:///alias/missing?region=eu-central-1");
    assert_failure(missing.wrap(&key(), Some(&ours)).await, KeyFailure::NotFound);
    let elsewhere = of("awskms:///alias/payments?region=eu-west-1");
    assert_failure(elsewhere.wrap(&key(), Some(&ours)).await, KeyFailure::NotFound);

    let reader = with(&reader.id, &reader.secret, uri);
    assert_eq!(reader.unwrap(&wrapped, Some(&ours)).await.unwrap().bytes(), key().bytes());
    assert_failure(reader.wrap(&key(), Some(&ours)).await, KeyFailure::Denied);
    let forged = with(&user.id, "another-secret", uri).wrap(&key(), Some(&ours)).await;
    assert_failure(forged, KeyFailure::Denied);
    let unknown = with("AKIAUNKNOWN", "another-secret", uri).wrap(&key(), Some(&ours)).await;
    assert_failure(unknown, KeyFailure::Denied);
}
