//! An object that is stored again must live on where old objects are deleted.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use cloakroom::{
    ByteSize, Cloakroom, CloakroomBuilder, ErrorKind, Pipeline,
    plugin::{Grants, Limits, Reuse, Settings},
    storage::{
        Bucket, BucketAccess, BucketUrl, ObjectBucket, ObjectInfo, Offload, PutMode, PutOutcome,
        RefreshFailure,
    },
};
use cloakroom_tests::{
    assert_text, chain, compile_cache, ctx, host, noise, plain,
    rigs::{self, BUCKET, RCLONE_KEY, RCLONE_SECRET, Tamper},
    without_slot,
};
use expect_test::expect;
use futures::future::BoxFuture;

use crate::{s3, secrets::Log};

const DAY: Duration = Duration::from_secs(86_400);

async fn pipeline(bucket: &Arc<dyn Bucket>, access: BucketAccess) -> Pipeline {
    // What a call could not hand back is not stored.
    let limits = Limits { output: ByteSize::mib(1000), ..Limits::default() };
    let grants = Grants::none().with_bucket("payloads", bucket.clone(), access);
    let plugin =
        host(limits).load(cloakroom::plugin::bundled("s3").unwrap(), grants).await.unwrap();
    let settings = Settings::none()
        .with_setting("bucket", "payloads")
        .with_setting("max_bytes", 1_000_000_000);
    let driver = plugin.driver(settings, Reuse::Fresh).await.unwrap();
    let offload = Offload::new(ByteSize::kib(1)).with_driver("d", driver);
    let offload =
        offload.with_memory_cache(ByteSize::bytes(0)).with_max_object_size(ByteSize::mib(1000));
    cloakroom_tests::pipeline()
        .with_max_payload_size(ByteSize::mib(1000))
        .with_offload(offload)
        .build()
        .unwrap()
}

/// A bucket with a calendar of its own, which deletes what is older than 30 days.
struct Expiring {
    objects: ObjectBucket,
    written: Mutex<BTreeMap<String, u64>>,
    today: AtomicU64,
    puts: AtomicU64,
    /// Replacing an object is denied.
    denies: AtomicBool,
}

impl Expiring {
    fn new() -> Arc<Self> {
        let objects = ObjectBucket::memory("expiring");
        Arc::new(Self {
            objects,
            written: Mutex::default(),
            today: AtomicU64::new(0),
            puts: AtomicU64::new(0),
            denies: AtomicBool::new(false),
        })
    }

    async fn turn_to(&self, day: u64) {
        self.today.store(day, Ordering::SeqCst);
        let written = self.written.lock().unwrap().clone();
        for (key, _) in written.into_iter().filter(|(_, written)| day - written > 30) {
            self.objects.remove(&key).await.unwrap();
        }
    }

    fn puts(&self) -> u64 {
        self.puts.swap(0, Ordering::SeqCst)
    }
}

impl Bucket for Expiring {
    fn name(&self) -> &str {
        "expiring"
    }

    fn put<'a>(
        &'a self,
        key: &'a str,
        body: Vec<Bytes>,
        mode: PutMode,
    ) -> BoxFuture<'a, Result<PutOutcome, cloakroom::Error>> {
        Box::pin(async move {
            if mode == PutMode::Overwrite && self.denies.load(Ordering::SeqCst) {
                return Err(cloakroom::Error::new(ErrorKind::Denied, "no replacing"));
            }
            let outcome = self.objects.put(key, body, mode).await?;
            if outcome == PutOutcome::Written {
                self.puts.fetch_add(1, Ordering::SeqCst);
                let today = self.today.load(Ordering::SeqCst);
                self.written.lock().unwrap().insert(key.to_owned(), today);
            }
            Ok(outcome)
        })
    }

    fn get<'a>(
        &'a self,
        key: &'a str,
        most: u64,
    ) -> BoxFuture<'a, Result<Bytes, cloakroom::Error>> {
        self.objects.get(key, most)
    }

    fn size<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<u64>, cloakroom::Error>> {
        self.objects.size(key)
    }

    fn stat<'a>(
        &'a self,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Option<ObjectInfo>, cloakroom::Error>> {
        Box::pin(async move {
            let size = self.objects.size(key).await?;
            let written = self.written.lock().unwrap().get(key).copied().unwrap_or_default();
            let days = self.today.load(Ordering::SeqCst) - written;
            let modified = SystemTime::now().checked_sub(DAY * days as u32);
            Ok(size.map(|size| ObjectInfo { size, modified }))
        })
    }

    fn remove<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), cloakroom::Error>> {
        self.objects.remove(key)
    }

    fn list<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Vec<String>, cloakroom::Error>> {
        self.objects.list(prefix, after)
    }
}

/// The first run stores on day 0, the second refers to the same object on day 29, and reads it on
/// day 45. Both a small and a large object, since the host looks for a large one first.
#[tokio::test(flavor = "multi_thread")]
async fn the_second_run_survives() {
    let sent = vec![plain(noise(5000)), plain(noise(2 << 20))];
    for (access, survives) in
        [(BucketAccess::whole(), false), (BucketAccess::whole().with_refresh_after(DAY * 20), true)]
    {
        let store = Expiring::new();
        let bucket: Arc<dyn Bucket> = store.clone();
        let pipeline = pipeline(&bucket, access).await;
        let first = pipeline.encode(&ctx(), sent.clone()).await.unwrap();
        assert_eq!(store.puts(), 2);
        for (day, refreshed) in [(0, 0), (19, 0), (29, 2), (30, 0)] {
            store.turn_to(day).await;
            assert_eq!(pipeline.encode(&ctx(), sent.clone()).await.unwrap(), first);
            assert_eq!(store.puts(), if survives { refreshed } else { 0 }, "day {day}");
        }
        store.turn_to(45).await;
        let read = pipeline.decode(&ctx(), first).await;
        if survives {
            assert_eq!(read.unwrap(), sent);
        } else {
            assert_eq!(read.unwrap_err().kind(), ErrorKind::NotFound);
        }
    }
}

/// A bucket that keeps versions gets one more, and every one is the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_versioned_bucket() {
    let url = rigs::moto().url();
    let bucket: Arc<dyn Bucket> = Arc::new(s3::moto("versions"));
    rigs::keep_versions(&url, "versions");
    let pipeline =
        pipeline(&bucket, BucketAccess::whole().with_refresh_after(Duration::ZERO)).await;
    let sent = vec![plain(noise(5000))];
    for versions in 1..4 {
        let kept = pipeline.encode(&ctx(), sent.clone()).await.unwrap();
        assert_eq!(rigs::versions(&url, "versions"), versions);
        assert_eq!(pipeline.decode(&ctx(), kept).await.unwrap(), sent);
    }
}

/// Reading is no reason to renew anything.
#[tokio::test(flavor = "multi_thread")]
async fn only_storing_renews() {
    let proxy = Tamper::new(rigs::moto().address());
    s3::moto("reading");
    let bucket: Arc<dyn Bucket> = Arc::new(s3::place(&proxy.url(), "reading").open().unwrap());
    let pipeline =
        pipeline(&bucket, BucketAccess::whole().with_refresh_after(Duration::ZERO)).await;
    let sent = vec![plain(noise(5000))];
    let kept = pipeline.encode(&ctx(), sent.clone()).await.unwrap();
    proxy.seen();
    assert_eq!(pipeline.decode(&ctx(), kept).await.unwrap(), sent);
    assert_eq!(proxy.seen(), ["GET"]);
    pipeline.encode(&ctx(), sent.clone()).await.unwrap();
    // Something is there; how large and old is it? Is it equal? Then it is written anew.
    assert_eq!(proxy.seen(), ["PUT", "HEAD", "HEAD", "GET", "PUT"]);
    let large = vec![plain(noise(2 << 20))];
    pipeline.encode(&ctx(), large.clone()).await.unwrap();
    assert_eq!(proxy.seen(), ["HEAD", "PUT"]);
    pipeline.encode(&ctx(), large).await.unwrap();
    assert_eq!(proxy.seen(), ["HEAD", "GET", "PUT"]);
}

#[tokio::test]
async fn a_bucket_that_denies_overwriting() {
    let (log, _guard) = Log::start();
    let proxy = Tamper::new(rigs::moto().address());
    s3::moto("locked");
    let bucket: Arc<dyn Bucket> = Arc::new(s3::place(&proxy.url(), "locked").open().unwrap());
    proxy.deny_overwrites(true);
    let access = BucketAccess::whole().with_refresh_after(Duration::ZERO);
    let sent = vec![plain(noise(5000))];
    let strict = pipeline(&bucket, access.clone()).await;
    let kept = strict.encode(&ctx(), sent.clone()).await.unwrap();
    let error = strict.encode(&ctx(), sent.clone()).await.unwrap_err();
    let text = chain(&error);
    assert_eq!(error.kind(), ErrorKind::Denied, "{text}");
    let facts = [
        "storage d",
        "bucket `locked`, key `v0/ns/payments%20prod/d/",
        "HTTP 403 AccessDenied",
        "s3:PutObject",
        "BucketAccess::with_refresh_failure",
    ];
    assert_text(
        &text,
        &facts,
        &expect![[r#"
            stage `storage d`, encoding payload 0, plugin `s3`: an object that is stored again is 0 seconds old, and from 0 seconds on its age is renewed, which did not work: bucket `locked`, key `v0/ns/payments%20prod/d/sha256/[digest]`: the store denies access: check the credentials and their permissions (HTTP 403 AccessDenied); renewing takes permission to read and to replace objects (s3:GetObject and s3:PutObject; storage.objects.get, .create and .delete; blob read and write), or a warning in place of this error (`BucketAccess::with_refresh_failure`)
        "#]],
    );

    let lenient = pipeline(&bucket, access.with_refresh_failure(RefreshFailure::Warn)).await;
    assert_eq!(lenient.encode(&ctx(), sent.clone()).await.unwrap(), kept);
    let log = log.text();
    let warned = |line: &str| line.contains("WARN") && line.contains("HTTP 403 AccessDenied");
    assert!(log.lines().any(warned), "{log}");
    assert_eq!(lenient.decode(&ctx(), kept).await.unwrap(), sent);
}

/// Whoever may write and not look finds an object there, and cannot tell its age.
#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_denies_looking() {
    let proxy = Tamper::new(rigs::moto().address());
    s3::moto("blind");
    let bucket: Arc<dyn Bucket> = Arc::new(s3::place(&proxy.url(), "blind").open().unwrap());
    proxy.deny_looking(true);
    let sent = vec![plain(noise(5000)), plain(noise(2 << 20))];
    let without = pipeline(&bucket, BucketAccess::whole()).await;
    let kept = without.encode(&ctx(), sent.clone()).await.unwrap();
    assert_eq!(without.encode(&ctx(), sent.clone()).await.unwrap(), kept);
    let access = BucketAccess::whole().with_refresh_after(DAY);
    let strict = pipeline(&bucket, access.clone()).await;
    let error = strict.encode(&ctx(), sent.clone()).await.unwrap_err();
    let text = chain(&error);
    assert_eq!(error.kind(), ErrorKind::Denied, "{text}");
    assert_text(
        &without_slot(&text),
        &["HTTP 403"],
        &expect![[r#"
            stage `storage d`, encoding payload N, plugin `s3`: an object that is stored again is of unknown age, and from 24 hours on its age is renewed, which did not work: bucket `blind`, key `v0/ns/payments%20prod/d/sha256/[digest]`: the store denies access: check the credentials and their permissions (HTTP 403); renewing takes permission to read and to replace objects (s3:GetObject and s3:PutObject; storage.objects.get, .create and .delete; blob read and write), or a warning in place of this error (`BucketAccess::with_refresh_failure`)
        "#]],
    );
    let lenient = pipeline(&bucket, access.with_refresh_failure(RefreshFailure::Warn)).await;
    assert_eq!(lenient.encode(&ctx(), sent).await.unwrap(), kept);
}

/// A probe tries to renew an object's age, as `check --stores` does. It finds a missing permission
/// before a payload does.
#[tokio::test(flavor = "multi_thread")]
async fn a_probe_tries_it() {
    let proxy = Tamper::new(rigs::moto().address());
    s3::moto("probes");
    let bucket: Arc<dyn Bucket> = Arc::new(s3::place(&proxy.url(), "probes").open().unwrap());
    let access = BucketAccess::whole().with_refresh_after(DAY);
    let pipeline = pipeline(&bucket, access.clone()).await;
    assert_eq!(pipeline.drivers(), [("d", true)]);
    assert_eq!(pipeline.check_store(&ctx(), "e").await.unwrap_err().kind(), ErrorKind::Unresolved);
    proxy.seen();
    for denies in [false, true] {
        proxy.deny_overwrites(denies);
        let probe = pipeline.check_store(&ctx(), "d").await.unwrap();
        assert_eq!(proxy.seen(), ["PUT", "GET"], "was not read back");
        let key = &probe.claim["key"];
        assert_eq!(bucket.get(key, 999).await.unwrap(), probe.object);
        let tried = access.try_on_probe(&*bucket, key, probe.object).await;
        if denies {
            let text = tried.unwrap_err().to_string();
            assert_text(
                &text,
                &["HTTP 403 AccessDenied", "s3:PutObject"],
                &expect![[r#"
                    an object that is stored again is 0 seconds old, and from 24 hours on its age is renewed, which did not work: bucket `probes`, key `v0/ns/payments%20prod/d/sha256/[digest]`: the store denies access: check the credentials and their permissions (HTTP 403 AccessDenied); renewing takes permission to read and to replace objects (s3:GetObject and s3:PutObject; storage.objects.get, .create and .delete; blob read and write), or a warning in place of this error (`BucketAccess::with_refresh_failure`)
                "#]],
            );
        } else {
            tried.unwrap();
        }
        assert!(bucket.list("", None).await.unwrap().is_empty(), "was not removed");
        proxy.seen();
    }
}

/// In parts, and by a store that keeps no conditions.
#[tokio::test(flavor = "multi_thread")]
async fn an_object_of_150_mib() {
    let place = s3::place(&rigs::rclone().url(), BUCKET).with_setting("access_key_id", RCLONE_KEY);
    let bucket: Arc<dyn Bucket> =
        Arc::new(place.with_setting("secret_access_key", RCLONE_SECRET).open().unwrap());
    let pipeline =
        pipeline(&bucket, BucketAccess::whole().with_refresh_after(Duration::ZERO)).await;
    let sent = vec![plain(noise(150 << 20))];
    let kept = pipeline.encode(&ctx(), sent.clone()).await.unwrap();
    let reference: serde_json::Value = serde_json::from_slice(&kept[0].data).unwrap();
    let key = reference["claimData"]["key"].as_str().unwrap();
    let modified = async || bucket.stat(key).await.unwrap().unwrap().modified.unwrap();
    let before = modified().await;
    // The store tells whole seconds.
    while SystemTime::now() < before + Duration::from_secs(2) {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(pipeline.encode(&ctx(), sent.clone()).await.unwrap(), kept);
    assert!(before < modified().await, "its age was not renewed");
    assert!(pipeline.decode(&ctx(), kept.clone()).await.unwrap() == sent);
    bucket.remove(key).await.unwrap();
}

/// The keys of a configuration do what they say.
#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_asks_for_it() {
    let text = |more: &str| {
        format!(
            "[storage]\nthreshold = \"1KiB\"\nverify = \"always\"\n[[storage.driver]]\n\
             name = \"d\"\nplugin = \"bundled:s3\"\nsettings = {{ bucket = \"payloads\" }}\n\
             grants.buckets = [\"payloads\"]\n[buckets.payloads]\nurl = \"native:expiring\"\n{more}"
        )
    };
    let open = async |more: &str, store: &Arc<Expiring>| -> Result<Cloakroom, cloakroom::Error> {
        let opening = CloakroomBuilder::text(text(more)).with_cache(compile_cache());
        opening.with_bucket("expiring", store.clone()).open().await
    };
    let sent = vec![plain(noise(5000))];
    for (more, puts) in [("", 0), ("refresh_after = \"21d\"", 0), ("refresh_after = \"20d\"", 1)] {
        let store = Expiring::new();
        let cloakroom = open(more, &store).await.map_err(|error| chain(&error)).unwrap();
        cloakroom.encode(&ctx(), sent.clone()).await.unwrap();
        store.turn_to(20).await;
        store.puts();
        cloakroom.encode(&ctx(), sent.clone()).await.unwrap();
        assert_eq!(store.puts(), puts, "{more}");
    }
    for (failure, is_fine) in
        [("", false), ("refresh_failure = \"fail\"", false), ("refresh_failure = \"warn\"", true)]
    {
        let store = Expiring::new();
        let more = format!("refresh_after = \"20d\"\n{failure}");
        let cloakroom = open(&more, &store).await.map_err(|error| chain(&error)).unwrap();
        cloakroom.encode(&ctx(), sent.clone()).await.unwrap();
        store.turn_to(20).await;
        store.denies.store(true, Ordering::SeqCst);
        let again = cloakroom.encode(&ctx(), sent.clone()).await;
        assert_eq!(again.is_ok(), is_fine, "{failure}");
    }
    for (more, line, snapshot) in [
        (
            "refresh_after = \"20\"",
            "line 11",
            expect![[r#"
                configuration, line 11: `refresh_after` is not a time: write a whole number above 0 and ms, s, m, h or d, such as 5s
            "#]],
        ),
        (
            "refresh_after = \"20d\"\nrefresh_failure = \"ignore\"",
            "line 12",
            expect![[r#"
                configuration, line 12: unknown word, expected `fail` or `warn`
            "#]],
        ),
    ] {
        let error = open(more, &Expiring::new()).await.map(drop).unwrap_err();
        let text = chain(&error);
        assert_eq!(error.kind(), ErrorKind::Config, "{more}: {text}");
        assert_text(&text, &[line], &snapshot);
    }
}

/// A folder has ages too.
#[tokio::test(flavor = "multi_thread")]
async fn a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let place = BucketUrl::new(format!("file:{}", folder.path().display()));
    let bucket: Arc<dyn Bucket> = Arc::new(place.open().unwrap());
    let pipeline =
        pipeline(&bucket, BucketAccess::whole().with_refresh_after(Duration::ZERO)).await;
    let sent = vec![plain(noise(5000))];
    pipeline.encode(&ctx(), sent.clone()).await.unwrap();
    let key = bucket.list("", None).await.unwrap().remove(0);
    let modified = async || bucket.stat(&key).await.unwrap().unwrap().modified.unwrap();
    let before = modified().await;
    while before == modified().await {
        pipeline.encode(&ctx(), sent.clone()).await.unwrap();
    }
}
