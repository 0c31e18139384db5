//! Google Cloud KMS, as its documentation says that it is asked.

use cloakroom_kms::{KeyAccess, KeyFailure, connect};
use cloakroom_tests::rigs::KeyServer;

use super::{assert_failure, assert_wraps, context, key, service};

const URI: &str = "gcpkms://projects/p/locations/global/keyRings/r/cryptoKeys/k";

#[tokio::test(flavor = "multi_thread")]
async fn wraps_as_documented_and_binds_the_context() {
    let server = KeyServer::start();
    let url = server.url();
    let settings = [("address", url.as_str()), ("bearer_token", "google-token")];
    let payments = service(URI, &settings);
    let wrapped = assert_wraps(&*payments).await;
    let ours = context("shop");

    // gocloud's parameter: base64 for URLs of `team`.
    let more = service(&format!("{URI}?additional_authenticated_data=dGVhbQ=="), &settings);
    assert_failure(more.unwrap(&wrapped, Some(&ours)).await, KeyFailure::Mismatch);
    assert_wraps(&*more).await;

    let missing = service(&format!("{URI}2"), &settings).wrap(&key(), Some(&ours)).await;
    assert_failure(missing, KeyFailure::NotFound);
    let stranger = service(URI, &[settings[0], ("bearer_token", "wrong-secret")]);
    assert_failure(stranger.wrap(&key(), Some(&ours)).await, KeyFailure::Denied);
    let malformed = connect(URI, &KeyAccess::default().with("service_account_key", "no-secret"));
    assert!(!malformed.unwrap_err().to_string().contains("no-secret"));
}
