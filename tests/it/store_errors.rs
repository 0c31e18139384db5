//! Errors of stores: one line with bucket, key, HTTP status and the store's own code.

use std::{
    io::Read as _,
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use cloakroom::{
    ByteSize, Error, ErrorKind,
    storage::{Bucket, BucketUrl, ObjectBucket, Offload, PutMode},
};
use cloakroom_tests::{
    assert_text, bucket_driver, chain, ctx, plain,
    rigs::{self, AZURITE_ACCOUNT, AZURITE_KEY, BUCKET, RCLONE_KEY, Tamper, free_port},
    wait_until,
};
use expect_test::{Expect, expect};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    crypto::aws_lc_rs,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};

use crate::{s3, secrets::Log};

/// Each error states these facts, and nothing on a second line or of the store's markup.
#[track_caller]
fn says(error: &Error, kind: ErrorKind, facts: &[&str], snapshot: &Expect) {
    let text = chain(error);
    assert_eq!(error.kind(), kind, "{text}");
    assert_text(&text, facts, snapshot);
    assert!(!text.contains(['\n', '<', '>']) && text.len() < 500, "{text}");
    assert_eq!(text.matches("bucket `").count(), 1, "says it twice: {text}");
}

async fn get(bucket: &ObjectBucket) -> Error {
    bucket.get("a/none", 9).await.unwrap_err()
}

async fn put(bucket: &ObjectBucket) -> Error {
    bucket.put("a/new", vec!["x".into()], PutMode::Create).await.unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_s3() {
    let none = s3::moto("errors");
    let there = ["bucket `errors`, key `a/none`", "HTTP 404 NoSuchKey"];
    says(
        &get(&none).await,
        ErrorKind::NotFound,
        &there,
        &expect![[r#"
            bucket `errors`, key `a/none`: no such object: it expired, was deleted, or is in another bucket (HTTP 404 NoSuchKey)
        "#]],
    );

    let nowhere = s3::place(&rigs::moto().url(), "nowhere").open().unwrap();
    let missing = ["bucket `nowhere`", "HTTP 404 NoSuchBucket"];
    says(
        &get(&nowhere).await,
        ErrorKind::Denied,
        &missing,
        &expect![[r#"
            bucket `nowhere`, key `a/none`: no such bucket: create it, or correct its URL (HTTP 404 NoSuchBucket)
        "#]],
    );
    says(
        &put(&nowhere).await,
        ErrorKind::Denied,
        &missing,
        &expect![[r#"
            bucket `nowhere`, key `a/new`: no such bucket: create it, or correct its URL (HTTP 404 NoSuchBucket)
        "#]],
    );
    let listed = nowhere.list("", None).await.unwrap_err();
    says(
        &listed,
        ErrorKind::Denied,
        &missing[..1],
        &expect![[r#"
            bucket `nowhere`: no such bucket: create it, or correct its URL (HTTP 404 NoSuchBucket)
        "#]],
    );

    let place = s3::place(&rigs::rclone().url(), BUCKET).with_setting("access_key_id", RCLONE_KEY);
    let wrong = place.with_setting("secret_access_key", "another secret").open().unwrap();
    let denied = ["temporal-payloads`, key `a/new`", "HTTP 403 SignatureDoesNotMatch"];
    says(
        &put(&wrong).await,
        ErrorKind::Denied,
        &denied,
        &expect![[r#"
            bucket `temporal-payloads`, key `a/new`: the store denies access: check the credentials and their permissions (HTTP 403 SignatureDoesNotMatch)
        "#]],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_azure() {
    let place = |container: &str, key: &str| {
        BucketUrl::new(format!("az://{container}"))
            .with_setting("endpoint", format!("{}/{AZURITE_ACCOUNT}", rigs::azurite().url()))
            .with_setting("account_name", AZURITE_ACCOUNT)
            .with_setting("access_key", key)
            .open()
            .unwrap()
    };
    let none = get(&place(BUCKET, AZURITE_KEY)).await;
    let facts = ["key `a/none`", "HTTP 404 BlobNotFound"];
    says(
        &none,
        ErrorKind::NotFound,
        &facts,
        &expect![[r#"
            bucket `temporal-payloads`, key `a/none`: no such object: it expired, was deleted, or is in another bucket (HTTP 404 BlobNotFound)
        "#]],
    );
    let nowhere = place("nowhere", AZURITE_KEY);
    let missing = ["bucket `nowhere`", "HTTP 404 ContainerNotFound"];
    says(
        &get(&nowhere).await,
        ErrorKind::Denied,
        &missing,
        &expect![[r#"
            bucket `nowhere`, key `a/none`: no such bucket: create it, or correct its URL (HTTP 404 ContainerNotFound)
        "#]],
    );
    says(
        &put(&nowhere).await,
        ErrorKind::Denied,
        &missing,
        &expect![[r#"
            bucket `nowhere`, key `a/new`: no such bucket: create it, or correct its URL (HTTP 404 ContainerNotFound)
        "#]],
    );
    let wrong = put(&place(BUCKET, "d3Jvbmc=")).await;
    let facts = ["key `a/new`", "HTTP 403 AuthorizationFailure"];
    says(
        &wrong,
        ErrorKind::Denied,
        &facts,
        &expect![[r#"
            bucket `temporal-payloads`, key `a/new`: the store denies access: check the credentials and their permissions (HTTP 403 AuthorizationFailure)
        "#]],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_google() {
    let place = |bucket: &str| {
        BucketUrl::new(format!("gs://{bucket}"))
            .with_setting("base_url", rigs::fake_gcs().url())
            .with_setting("bearer_token", "nobody asks")
            .open()
            .unwrap()
    };
    let none = get(&place(BUCKET)).await;
    says(
        &none,
        ErrorKind::NotFound,
        &["key `a/none`", "HTTP 404"],
        &expect![[r#"
            bucket `temporal-payloads`, key `a/none`: no such object: it expired, was deleted, or is in another bucket (HTTP 404)
        "#]],
    );
    let nowhere = put(&place("nowhere")).await;
    says(
        &nowhere,
        ErrorKind::Denied,
        &["bucket `nowhere`", "HTTP 404"],
        &expect![[r#"
            bucket `nowhere`, key `a/new`: no such bucket: create it, or correct its URL (HTTP 404)
        "#]],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let place = BucketUrl::new(format!("file:{}", folder.path().display()));
    let bucket = place.open().unwrap();
    says(
        &get(&bucket).await,
        ErrorKind::NotFound,
        &["key `a/none`"],
        &expect![[r#"
            bucket `[folder]`, key `a/none`: no such object: it expired, was deleted, or is in another bucket
        "#]],
    );
}

/// Said at once, at each further attempt, and once more at the end.
#[tokio::test]
async fn a_connection_that_is_refused() {
    let (log, _guard) = Log::start();
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let place = s3::place(&nobody, "refused").with_retry_timeout(Duration::from_secs(600));
    let bucket = place.open().unwrap();
    let asking = tokio::spawn(async move { get(&bucket).await });
    let first = "Connection refused";
    let told = |level: &str, attempt: &str| {
        let text = log.text();
        let is_it = |line: &str| {
            [level, first, "refused", attempt, "GET"].iter().all(|part| line.contains(part))
        };
        text.lines().any(is_it)
    };
    let both = || told("WARN", "attempt=1") && told("INFO", "attempt=2");
    wait_until("both attempts are logged", both).await;
    assert!(!asking.is_finished(), "has no patience");
    asking.abort();
    let place = s3::place(&nobody, "refused").with_retry_timeout(Duration::from_millis(1));
    let error = get(&place.open().unwrap()).await;
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    // The number of attempts, if there were several, depends on the speed of the machine.
    let text = chain(&error);
    let cut = text.rsplit_once(" (").filter(|(_, end)| end.ends_with(" attempts)"));
    assert_text(
        cut.map_or(&*text, |(start, _)| start),
        &["key `a/none`", first],
        &expect![[r#"
            bucket `refused`, key `a/none`: the store did not answer: Connection refused (os error 111)
        "#]],
    );
}

/// Whoever reads the log finds the driver too.
#[tokio::test]
async fn the_log_names_driver_and_bucket() {
    let (log, _guard) = Log::start();
    let place = s3::place(&format!("http://127.0.0.1:{}", free_port()), "refused");
    let place = place.with_retry_timeout(Duration::from_millis(1));
    let bucket: Arc<dyn Bucket> = Arc::new(place.open().unwrap());
    let driver = bucket_driver("s3", &bucket, &[]).await;
    let offload = Offload::new(ByteSize::bytes(0)).with_driver("aws.s3driver", driver);
    let pipeline = cloakroom_tests::pipeline().with_offload(offload).build().unwrap();
    let error = pipeline.encode(&ctx(), vec![plain("hi")]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{}", chain(&error));
    let log = log.text();
    let is_it = |line: &&str| line.contains("WARN") && line.contains("Connection refused");
    let line = log.lines().find(is_it).unwrap();
    assert!(line.contains("driver{driver=\"aws.s3driver\""), "{line}");
    assert!(line.contains("bucket=\"refused\""), "{line}");
}

/// Trying again would not help.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_not_asked_for_twice() {
    let proxy = Tamper::new(rigs::moto().address());
    s3::moto("twice");
    let bucket = s3::place(&proxy.url(), "twice").with_retry_timeout(Duration::from_secs(600));
    let bucket = bucket.open().unwrap();
    proxy.deny_overwrites(true);
    let denied = bucket.put("a/new", vec!["x".into()], PutMode::Overwrite).await.unwrap_err();
    let facts = ["key `a/new`", "HTTP 403 AccessDenied"];
    says(
        &denied,
        ErrorKind::Denied,
        &facts,
        &expect![[r#"
            bucket `twice`, key `a/new`: the store denies access: check the credentials and their permissions (HTTP 403 AccessDenied)
        "#]],
    );
    assert_eq!(proxy.seen(), ["PUT"]);
}

/// A stranger by TLS, and how many connections it was asked for.
fn stranger() -> (String, Arc<AtomicUsize>) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let (config, count) = (Arc::new(config), Arc::new(AtomicUsize::new(0)));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}", listener.local_addr().unwrap().port());
    let counted = count.clone();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            counted.fetch_add(1, Ordering::SeqCst);
            let server = ServerConnection::new(config.clone()).unwrap();
            let _ = StreamOwned::new(server, client).read(&mut [0]);
        }
    });
    (url, count)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_that_is_not_trusted() {
    let (url, count) = stranger();
    let place = s3::place(&url, "strange").with_retry_timeout(Duration::from_secs(600));
    let error = get(&place.open().unwrap()).await;
    says(
        &error,
        ErrorKind::Denied,
        &["key `a/none`", "certificate"],
        &expect![[r#"
            bucket `strange`, key `a/none`: the store's certificate is not trusted: invalid peer certificate: UnknownIssuer; trust its authority with SSL_CERT_FILE=authority.pem
        "#]],
    );
    assert_eq!(count.load(Ordering::SeqCst), 1, "asked again");
}

/// Nobody waits for an address that only machines in a cloud have. A server that takes
/// connections and says nothing is given up after two seconds, and nothing else ends that.
#[tokio::test(flavor = "multi_thread")]
async fn credentials_that_are_nowhere() {
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let roleless = rigs::moto().url() + "/none";
    let hangs = format!("http://{}", silent.local_addr().unwrap());
    for (machine, snapshot) in [
        (
            nobody,
            expect![[r#"
                bucket `any`, key `a/none`: no AWS credentials found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the bucket's settings `access_key_id` and `secret_access_key` (asked for this machine's role at 127.0.0.1:[port]: Connection refused (os error 111))
            "#]],
        ),
        (
            roleless,
            expect![[r#"
                bucket `any`, key `a/none`: no AWS credentials found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the bucket's settings `access_key_id` and `secret_access_key` (asked for this machine's role at 127.0.0.1:[port]: it answered HTTP 404)
            "#]],
        ),
        (
            hangs,
            expect![[r#"
                bucket `any`, key `a/none`: no AWS credentials found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the bucket's settings `access_key_id` and `secret_access_key` (asked for this machine's role at 127.0.0.1:[port]: operation timed out)
            "#]],
        ),
    ] {
        let place = BucketUrl::new("s3://any").with_setting("endpoint", rigs::moto().url());
        let place = place
            .with_setting("metadata_endpoint", &machine)
            .with_retry_timeout(Duration::from_secs(600));
        let bucket = place.open().unwrap();
        let host = machine.trim_start_matches("http://").trim_end_matches("/none");
        let facts = ["AWS_ACCESS_KEY_ID", "`access_key_id`", host];
        says(&get(&bucket).await, ErrorKind::Denied, &facts, &snapshot);
    }
}
