//! Answers that no server here gives by itself: states of keys, limits, and answers of a stranger.

use std::{sync::Arc, time::Duration};

use cloakroom_kms::{KeyFailure, KeyService};
use cloakroom_tests::rigs::{Answered, KeyServer};

use super::{assert_failure, azure_settings, context, key, service};

/// One client of each service, all of which ask this server.
fn services(url: &str) -> [Arc<dyn KeyService>; 4] {
    let address = ("address", url);
    [
        service("vault://transit/payments", &[address, ("token", "vault-secret")]),
        service(
            "awskms:///alias/payments?region=eu-central-1",
            &[address, ("access_key_id", "id"), ("secret_access_key", "aws-secret")],
        ),
        service(
            "gcpkms://projects/p/locations/global/keyRings/r/cryptoKeys/k",
            &[address, ("bearer_token", "google-secret")],
        ),
        service("azurekeyvault://v.vault.azure.net/keys/k", &azure_settings(url)),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn every_client_backs_off_follows_nobody_and_reads_no_further_than_it_must() {
    let server = KeyServer::start();
    let elsewhere = KeyServer::start();
    let with_head =
        |status, head: &str| Answered { head: head.to_owned(), ..Answered::new(status, "") };
    let pause = Some(Duration::from_secs(7));
    let endless = "x".repeat(1 << 20);
    for (answer, expect) in [
        (with_head(429, "retry-after: 7\r\n"), KeyFailure::Throttled { pause }),
        (with_head(307, &format!("location: {}/\r\n", elsewhere.url())), KeyFailure::Unavailable),
        (Answered::new(200, &endless), KeyFailure::Unavailable),
        (Answered::new(200, "{}"), KeyFailure::Unavailable),
        (Answered::new(200, "a data key of"), KeyFailure::Unavailable),
        (Answered::new(500, "<html>a data key of"), KeyFailure::Unavailable),
    ] {
        server.fault(Some(answer));
        for service in services(&server.url()) {
            let text = assert_failure(service.wrap(&key(), Some(&context("shop"))).await, expect);
            assert!(text.len() < 400, "{text}");
        }
    }
    assert!(elsewhere.seen().is_empty(), "{:?}", elsewhere.seen());
}

#[tokio::test(flavor = "multi_thread")]
async fn states_of_a_key_are_told_apart() {
    let server = KeyServer::start();
    let [_, aws, google, azure] = services(&server.url());
    // A token first, since the faults below are no answer to who asks for one.
    azure.wrap(&key(), None).await.unwrap();
    for (service, status, body, expect) in [
        (
            &aws,
            400,
            r#"{"__type":"DisabledException","message":"arn:aws:kms:x is disabled."}"#,
            KeyFailure::Disabled,
        ),
        (
            &aws,
            400,
            r#"{"__type":"KMSInvalidStateException","message":"arn:aws:kms:x is pending deletion."}"#,
            KeyFailure::Deleted,
        ),
        (
            &aws,
            400,
            r#"{"__type":"ThrottlingException","message":"You have exceeded the rate"}"#,
            KeyFailure::Throttled { pause: None },
        ),
        (
            &google,
            400,
            r#"{"error":{"status":"FAILED_PRECONDITION","message":"k/1 is not enabled, current state is: DISABLED."}}"#,
            KeyFailure::Disabled,
        ),
        (
            &google,
            400,
            r#"{"error":{"status":"FAILED_PRECONDITION","message":"current state is: DESTROY_SCHEDULED."}}"#,
            KeyFailure::Deleted,
        ),
        (
            &azure,
            403,
            r#"{"error":{"code":"Forbidden","message":"Operation wrapKey is not allowed on a disabled key.","innererror":{"code":"KeyDisabled"}}}"#,
            KeyFailure::Disabled,
        ),
        (
            &azure,
            409,
            r#"{"error":{"code":"Conflict","innererror":{"code":"ObjectIsDeletedButRecoverable"}}}"#,
            KeyFailure::Deleted,
        ),
    ] {
        server.fault(Some(Answered::new(status, body)));
        assert_failure(service.wrap(&key(), Some(&context("shop"))).await, expect);
    }
}
