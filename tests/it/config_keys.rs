//! Each key of a configuration does what it says: a key that the code ignored would fail here or in
//! a test that is named after it.

use std::{
    collections::BTreeMap,
    fs,
    num::NonZeroUsize,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use cloakroom::{
    BoxFuture, ByteSize, Cloakroom, CloakroomBuilder, Context, Driver, Error, ErrorKind, Limit,
    Payload,
    bytes::Bytes,
    pipeline::Kind,
    plugin::{CodeLimits, Limits},
    storage::{Claim, Object},
    temporal::{SizeLimitSource as _, SizeLimits},
};
use cloakroom_tests::{chain, compile_cache, ctx, noise, plain};

use crate::native_codecs::{Native, OWN};

/// A driver that counts what it is asked for, and how often at the same time.
#[derive(Default)]
struct Shelf {
    objects: Mutex<BTreeMap<String, Bytes>>,
    retrieved: AtomicUsize,
    storing: AtomicUsize,
    most: AtomicUsize,
}

impl Driver for Shelf {
    fn kind(&self) -> &str {
        "shelf"
    }

    fn store<'a>(&'a self, _: &'a Context, object: Object) -> BoxFuture<'a, Result<Claim, Error>> {
        Box::pin(async move {
            self.most.fetch_max(1 + self.storing.fetch_add(1, SeqCst), SeqCst);
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
            self.storing.fetch_sub(1, SeqCst);
            let place = hex::encode(object.sha256());
            self.objects.lock().unwrap().insert(place.clone(), object.envelope().to_bytes());
            Ok(Claim::from([("place".to_owned(), place)]))
        })
    }

    fn retrieve<'a>(
        &'a self,
        _: &'a Context,
        claim: &'a Claim,
        _: ByteSize,
    ) -> BoxFuture<'a, Result<Bytes, Error>> {
        Box::pin(async move {
            self.retrieved.fetch_add(1, SeqCst);
            Ok(self.objects.lock().unwrap()[&claim["place"]].clone())
        })
    }
}

/// Opens `[storage]` with these keys and tables.
async fn storing(storage: &str, tables: &str) -> (Cloakroom, Arc<Shelf>) {
    let shelf = Arc::new(Shelf::default());
    let text = format!(
        "[storage]\n{storage}\n[[storage.driver]]\nname = \"d\"\nplugin = \"native:shelf\"\n{tables}"
    );
    let opening = CloakroomBuilder::text(text).with_driver("shelf", shelf.clone());
    (opening.open().await.map_err(|error| chain(&error)).unwrap(), shelf)
}

async fn is_stored(cloakroom: &Cloakroom, ctx: &Context, payload: Payload) -> bool {
    let encoded = cloakroom.encode(ctx, vec![payload]).await.unwrap().remove(0);
    encoded.encoding() == Some("json/protobuf")
}

/// None of them is a default, so none of them is left out.
#[tokio::test]
async fn every_limit_reaches_the_host() {
    let text = r#"
        [[stage]]
        plugin = "native:own"
        [limits]
        memory = "33MiB"
        time = "6s"
        output = "65MiB"
        handles = 1001
        log = "17KiB"
        instances = 7
        component = "63MiB"
        load = "61s"
        wait = "151s"
        computing = 3
        queue = 77
        held = "385MiB"
        entries = 4097
        call_bytes = "1025MiB"
        process_bytes = "2049MiB"
        [limits.code]
        function = "1000KiB"
        locals = 1001
        blocks = 60001
        loop_depth = 31
        values = 63
        functions = 60001
        function_work = 30000001
        work = 290000001
        definitions = 190001
        modules = 501
        components = 15
        memory = "1023MiB"
        time = "59s"
        [storage]
        time = "59s"
        [[storage.driver]]
        name = "d"
        plugin = "native:shelf"
    "#;
    let opening = CloakroomBuilder::text(text).with_codec("own", Native::faithful());
    let opened = opening.with_driver("shelf", Arc::new(Shelf::default())).open().await;
    let cloakroom = opened.map_err(|error| chain(&error)).unwrap();
    let number = |number: usize| NonZeroUsize::new(number).unwrap();
    let seconds = Duration::from_secs;
    let expected = Limits {
        memory: ByteSize::mib(33),
        time: seconds(6),
        driver_time: seconds(59),
        wait: seconds(151),
        computing: number(3),
        queue: number(77),
        output: ByteSize::mib(65),
        held: ByteSize::mib(385),
        entries: number(4097),
        handles: number(1001),
        log: ByteSize::kib(17),
        instances: number(7),
        component: ByteSize::mib(63),
        call_bytes: ByteSize::mib(1025),
        process_bytes: ByteSize::mib(2049),
        load: seconds(61),
        code: CodeLimits {
            function: ByteSize::kib(1000),
            locals: 1001,
            blocks: 60_001,
            loop_depth: 31,
            values: 63,
            functions: 60_001,
            function_work: 30_000_001,
            work: 290_000_001,
            definitions: 190_001,
            modules: 501,
            components: 15,
            memory: ByteSize::mib(1023),
            time: seconds(59),
        },
    };
    let host = cloakroom.host();
    let debug = |limits: &Limits| format!("{limits:#?}");
    let (is, default) = (debug(host.limits()), debug(&Limits::default()));
    assert_eq!(is, debug(&expected));
    for (is, default) in is.lines().zip(default.lines()) {
        assert!(is != default || !is.contains(char::is_numeric), "a default is no test: {is}");
    }
}

#[tokio::test]
async fn limits_of_payloads_reach_the_pipeline() {
    let open = async |limits: &str| {
        let text = format!("[[stage]]\nplugin = \"native:own\"\n[limits]\n{limits}");
        CloakroomBuilder::text(text).with_codec("own", Native::faithful()).open().await.unwrap()
    };
    for (limits, limit) in
        [("payload = \"1KiB\"", Limit::Payload), ("payloads = 1", Limit::Payloads)]
    {
        let batch = vec![plain(noise(2000)), plain("x")];
        let error = open(limits).await.encode(&ctx(), batch.clone()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded(limit), "{limits}");
        assert!(open("").await.encode(&ctx(), batch).await.is_ok());
    }
}

#[tokio::test]
async fn storage_takes_sizes_and_verifies() {
    let payload = || plain(noise(2000));
    let (cloakroom, _) = storing("", "").await;
    assert!(!is_stored(&cloakroom, &ctx(), payload()).await);
    let (cloakroom, shelf) = storing("threshold = \"1KiB\"", "").await;
    assert!(is_stored(&cloakroom, &ctx(), payload()).await);
    assert_eq!(shelf.retrieved.load(SeqCst), 0);

    let (cloakroom, _) = storing("threshold = \"1KiB\"\nlargest = \"1KiB\"", "").await;
    let error = cloakroom.encode(&ctx(), vec![payload()]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded(Limit::Payload), "{}", chain(&error));

    let (cloakroom, shelf) = storing("threshold = \"1KiB\"\nverify = \"always\"", "").await;
    assert!(is_stored(&cloakroom, &ctx(), payload()).await);
    assert_eq!(shelf.retrieved.load(SeqCst), 1, "it was not read back");

    let (cloakroom, _) = storing("threshold = \"1KiB\"\nencode_references = true", "").await;
    assert!(is_stored(&cloakroom, &ctx(), payload()).await, "there is no stage to encode it");
    let text = "[[stage]]\nplugin = \"native:own\"\n[storage]\nthreshold = \"1KiB\"\n\
                encode_references = true\n[[storage.driver]]\nname = \"d\"\nplugin = \"native:shelf\"";
    let opening = CloakroomBuilder::text(text).with_codec("own", Native::faithful());
    let cloakroom = opening.with_driver("shelf", Arc::new(Shelf::default())).open().await.unwrap();
    let encoded = cloakroom.encode(&ctx(), vec![payload()]).await.unwrap();
    assert_eq!(encoded[0].encoding(), Some(OWN));
}

#[tokio::test]
async fn storage_has_permits() {
    for permits in ["permits = 1\npermits_of_a_call = 1", "permits_of_a_call = 1"] {
        let (cloakroom, shelf) = storing(&format!("threshold = \"1KiB\"\n{permits}"), "").await;
        let batch = (0..6).map(|n| plain(noise(2000 + n))).collect();
        cloakroom.encode(&ctx(), batch).await.unwrap();
        assert_eq!(shelf.most.load(SeqCst), 1, "{permits}");
    }
}

/// `permits` are those of all calls.
#[tokio::test]
async fn storage_has_permits_of_all_calls() {
    let (cloakroom, shelf) =
        storing("threshold = \"1KiB\"\npermits = 1\npermits_of_a_call = 1", "").await;
    let nobody = Context::none();
    let calls = (0..6).map(|n| cloakroom.encode(&nobody, vec![plain(noise(2000 + n))]));
    for done in futures::future::join_all(calls).await {
        done.unwrap();
    }
    assert_eq!(shelf.most.load(SeqCst), 1);
}

/// A stored payload is decoded twice: from the store, or from a cache in memory or in a folder.
#[tokio::test]
async fn storage_has_caches() {
    let folder = tempfile::tempdir().unwrap();
    let cache = |name: &str| format!("cache.folder = {:?}", folder.path().join(name));
    for (keys, retrieved) in [
        ("cache.memory = \"0B\"".to_owned(), 2..=2),
        (String::new(), 0..=1),
        (format!("cache.memory = \"0B\"\n{}", cache("one")), 0..=1),
        (format!("cache.memory = \"0B\"\n{}\ncache.disk = \"1B\"", cache("two")), 2..=2),
    ] {
        let (cloakroom, shelf) = storing(&format!("threshold = \"1KiB\"\n{keys}"), "").await;
        let sent = vec![plain(noise(2000))];
        let encoded = cloakroom.encode(&ctx(), sent.clone()).await.unwrap();
        for _ in 0..2 {
            assert_eq!(cloakroom.decode(&ctx(), encoded.clone()).await.unwrap(), sent);
        }
        assert!(retrieved.contains(&shelf.retrieved.load(SeqCst)), "{keys}");
    }
}

/// Each rule keeps inline what it matches, and nothing else.
#[tokio::test]
async fn rules_match_by_each_key() {
    let small = || plain(noise(2000));
    let of = |kind, name| Context::namespace("n").with_target(kind, "id", name, None);
    let (pay, charge) = (of(Kind::Workflow, "Pay"), of(Kind::Activity, "Charge"));
    let image = || small().with_metadata("kind", "image");
    for (key, matched, other) in [
        ("namespace = \"n\"", (pay.clone(), small()), (Context::namespace("other"), small())),
        ("workflow_type = \"Pay\"", (pay.clone(), small()), (charge.clone(), small())),
        ("activity_type = \"Charge\"", (charge, small()), (pay.clone(), small())),
        ("at_least = \"4KiB\"", (pay.clone(), plain(noise(5000))), (pay.clone(), small())),
        ("metadata.kind = \"image\"", (pay.clone(), image()), (pay.clone(), small())),
    ] {
        let rule = format!("[[storage.rule]]\nstore_with = \"inline\"\n{key}\n");
        let (cloakroom, _) = storing("threshold = \"1KiB\"", &rule).await;
        assert!(!is_stored(&cloakroom, &matched.0, matched.1).await, "{key} does not match");
        assert!(is_stored(&cloakroom, &other.0, other.1).await, "{key} matches all");
    }
}

/// Of two drivers, the one that is named stores, and references name it.
#[tokio::test]
async fn the_driver_that_is_named_stores() {
    for (keys, expected) in [
        ("store_with = \"a\"", "a"),
        ("store_with = \"b\"", "b"),
        ("store_with = \"a\"\n[[storage.rule]]\nstore_with = \"b\"", "b"),
    ] {
        let text = format!(
            "[storage]\nthreshold = \"1KiB\"\n{keys}\n\
             [[storage.driver]]\nname = \"a\"\nplugin = \"native:a\"\n\
             [[storage.driver]]\nname = \"b\"\nplugin = \"native:b\"\n"
        );
        let shelves = ["a", "b"].map(|name| (name, Arc::new(Shelf::default())));
        let opening =
            shelves.iter().fold(CloakroomBuilder::text(text), |opening, (name, shelf)| {
                opening.with_driver(name, shelf.clone())
            });
        let cloakroom = opening.open().await.unwrap();
        let encoded = cloakroom.encode(&ctx(), vec![plain(noise(2000))]).await.unwrap().remove(0);
        let reference: serde_json::Value = serde_json::from_slice(&encoded.data).unwrap();
        assert_eq!(reference["driverName"], expected, "{keys}");
        for (name, shelf) in shelves {
            let stored = shelf.objects.lock().unwrap().len();
            assert_eq!(stored, usize::from(name == expected), "{keys}: driver `{name}`");
        }
    }
}

#[tokio::test]
async fn limits_of_temporal_reach_the_adapter() {
    for (keys, field, message) in [
        ("field = \"1KiB\"", Some(ByteSize::kib(1)), None),
        ("message = \"3KiB\"", None, Some(ByteSize::kib(3))),
    ] {
        let text = format!("[[stage]]\nplugin = \"native:own\"\n[temporal]\n{keys}");
        let opening = CloakroomBuilder::text(text).with_codec("own", Native::faithful());
        let limits = opening.open().await.unwrap().size_limits();
        assert_eq!(limits, SizeLimits::default().with_max(field, message), "{keys}");
        assert_ne!(limits, SizeLimits::default(), "{keys}");
    }
}

/// A stage and a driver of bundled plugins, with these keys.
fn bundled(stage: &str, driver: &str) -> CloakroomBuilder {
    let text = format!(
        "[[stage]]\nplugin = \"bundled:zlib\"\n{stage}\n[storage]\nthreshold = \"0B\"\ncache.memory = \"0B\"\n\
         [[storage.driver]]\nname = \"d\"\nplugin = \"bundled:file\"\n{driver}\n\
         settings = {{ bucket = \"b\" }}\ngrants.buckets = [\"b\"]\n[buckets.b]\nurl = \"memory:b\"\n"
    );
    CloakroomBuilder::text(text).with_cache(compile_cache())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_digest_is_compared() {
    let wrong = format!("digest = \"sha256:{}\"", "0".repeat(64));
    for (stage, driver) in [(&*wrong, ""), ("", &wrong)] {
        let error = bundled(stage, driver).open().await.map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PluginRejected, "{}", chain(&error));
    }
}

/// Instances that wait for another call hold memory, and those that do not are gone.
#[tokio::test(flavor = "multi_thread")]
async fn instances_are_reused_if_asked_for() {
    let warm = "reuse = \"warm\"";
    for (stage, driver, is_warm) in [("", "", false), (warm, "", true), ("", warm, true)] {
        let cloakroom = bundled(stage, driver).open().await.unwrap();
        cloakroom.encode(&ctx(), vec![plain("x".repeat(2000))]).await.unwrap();
        assert_eq!(cloakroom.host().memory().used() > 0, is_warm, "{stage} {driver}");
    }
}

/// The settings of a codec server that a configuration makes.
#[tokio::test]
async fn every_key_reaches_the_codec_server() {
    let folder = tempfile::tempdir().unwrap();
    let open = async |keys: &str| {
        let text = format!("[[stage]]\nplugin = \"native:own\"\n[codec_server]\n{keys}\n");
        let path = folder.path().join("cloakroom.toml");
        fs::write(&path, text).unwrap();
        CloakroomBuilder::file(path).with_codec("own", Native::faithful()).open().await.unwrap()
    };
    let written = open(
        "listen = \"127.0.0.1:8099\"\nmetrics_listen = \"127.0.0.1:9464\"\n\
         origins = [\"http://localhost:8233\"]\ncredentials = true\nanonymous = true\n\
         body = \"7MiB\"\nrequests = 7\nconnections = 9\nconnections_per_address = 3\n\
         write_time = \"11s\"\nlifetime = \"13m\"\ntime = \"17s\"",
    );
    let (address, settings) = written.await.codec_server().unwrap();
    assert_eq!(address, "127.0.0.1:8099".parse::<std::net::SocketAddr>().unwrap().into());
    assert_eq!(settings.metrics, Some("127.0.0.1:9464".parse().unwrap()));
    assert_eq!(settings.origins, ["http://localhost:8233"]);
    assert!(settings.credentials && settings.anonymous);
    assert_eq!((settings.body, settings.requests), (ByteSize::mib(7), 7));
    assert_eq!((settings.connections, settings.connections_per_address), (9, Some(3)));
    let seconds = Duration::from_secs;
    let times = (settings.write_time, settings.lifetime, settings.time);
    assert_eq!(times, (seconds(11), seconds(13 * 60), seconds(17)));

    // Files that are not there are asked for.
    fs::write(folder.path().join("good.pem"), "no certificate").unwrap();
    for (keys, file) in [
        ("token = { file = \"none\" }", "none"),
        ("jwt = { keys = \"none.json\" }", "none.json"),
        ("tls = { certificate = \"none.pem\", key = \"none.key\" }", "none.pem"),
        ("tls = { certificate = \"good.pem\", key = \"none.key\" }", "none.key"),
    ] {
        let error = open(keys).await.codec_server().map(drop).unwrap_err();
        assert!(chain(&error).contains(file), "{keys}: {}", chain(&error));
    }
}
