//! PostgreSQL, by the driver of `examples/postgres-driver`: over TLS that the host speaks, with
//! SCRAM-SHA-256 and a secret.

use cloakroom::{
    ByteSize, Context, ErrorKind, Payload, Pipeline,
    plugin::{Grants, Limits, Reuse, Settings, Source, TcpGrant, TcpTls},
    storage::Offload,
};
use cloakroom_tests::{
    POSTGRES, chain, host, noise, plain,
    rigs::{POSTGRES_PASSWORD, postgres},
};
use serde_json::Value;

/// Settings and grants of one driver.
struct Driver {
    user: &'static str,
    password: &'static str,
    table: &'static str,
    reuse: Reuse,
    encrypted: bool,
}

const GOOD: Driver = Driver {
    user: "cloakroom",
    password: POSTGRES_PASSWORD,
    table: "cloakroom_objects",
    reuse: Reuse::Fresh,
    encrypted: true,
};

impl Driver {
    async fn pipeline(&self) -> Pipeline {
        let server = postgres();
        let address = format!("localhost:{}", server.port());
        let mut granted: TcpGrant = address.parse().unwrap();
        if self.encrypted {
            let tls = TcpTls::default().with_postgres_request();
            let tls = tls.with_authorities(server.authority().as_bytes()).unwrap();
            granted = granted.with_tls(&tls).unwrap();
        }
        let grants =
            Grants::none().with_tcp_grant(granted).with_secret("db", self.password.as_bytes());
        let source = Source::bytes("postgres", POSTGRES);
        let plugin = host(Limits::default()).load(source, grants).await.unwrap();
        let settings = Settings::none()
            .with_setting("address", address)
            .with_setting("user", self.user)
            .with_setting("database", "payloads")
            .with_setting("table", self.table)
            .with_setting("password_secret", "db");
        let driver = plugin.driver(settings, self.reuse).await.unwrap();
        let offload = Offload::new(ByteSize::bytes(0)).with_driver("postgres", driver);
        let offload = offload.with_memory_cache(ByteSize::bytes(0));
        cloakroom_tests::pipeline().with_offload(offload).build().unwrap()
    }

    /// Returns the error of storing a payload.
    async fn refused(&self) -> (ErrorKind, String) {
        let error = self.pipeline().await.encode(&ctx(), vec![plain("x")]).await.unwrap_err();
        let text = chain(&error);
        assert!(!text.contains("canary"), "{text}");
        (error.kind(), text)
    }
}

fn ctx() -> Context {
    Context::namespace("payments")
}

fn key(reference: &Payload) -> String {
    let reference: Value = serde_json::from_slice(&reference.data).unwrap();
    reference["claimData"]["key"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn stores_and_retrieves_objects() {
    for reuse in [Reuse::Fresh, Reuse::Warm] {
        let pipeline = Driver { reuse, ..GOOD }.pipeline().await;
        let sent = vec![plain(noise(3 << 20)), plain("small"), plain("")];
        let kept = pipeline.encode(&ctx(), sent.clone()).await.map_err(|error| chain(&error));
        let kept = kept.unwrap();
        assert_eq!(pipeline.encode(&ctx(), sent.clone()).await.unwrap(), kept, "not repeatable");
        assert_eq!(pipeline.decode(&ctx(), kept.clone()).await.unwrap(), sent);
        let bytes =
            format!("SELECT length(value) FROM cloakroom_objects WHERE key = '{}'", key(&kept[0]));
        assert_eq!(postgres().run(&bytes), sent[0].encoded_len().to_string());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_row_is_caught_and_mended() {
    let pipeline = GOOD.pipeline().await;
    let sent = vec![plain(noise(5000))];
    let kept = pipeline.encode(&ctx(), sent.clone()).await.unwrap();
    let change = |value: &str| {
        let key = key(&kept[0]);
        postgres()
            .run(&format!("UPDATE cloakroom_objects SET value = {value} WHERE key = '{key}'"));
    };
    for damage in ["set_byte(value, 100, 1 # get_byte(value, 100))", "substr(value, 1, 99)", "''"] {
        change(damage);
        let error = pipeline.decode(&ctx(), kept.clone()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{damage}: {}", chain(&error));
        assert_eq!(pipeline.encode(&ctx(), sent.clone()).await.unwrap(), kept);
        assert_eq!(pipeline.decode(&ctx(), kept.clone()).await.unwrap(), sent, "{damage}");
    }
    postgres().run(&format!("DELETE FROM cloakroom_objects WHERE key = '{}'", key(&kept[0])));
    let error = pipeline.decode(&ctx(), kept).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{}", chain(&error));
}

/// A warm instance keeps its connection, and makes a new one when the server has closed it.
#[tokio::test(flavor = "multi_thread")]
async fn a_warm_instance_keeps_its_connection() {
    postgres().run("CREATE ROLE warm LOGIN PASSWORD 'canary-of-warm' IN ROLE cloakroom");
    let driver = Driver { user: "warm", password: "canary-of-warm", reuse: Reuse::Warm, ..GOOD };
    let pipeline = driver.pipeline().await;
    let processes = || postgres().run("SELECT pid FROM pg_stat_activity WHERE usename = 'warm'");
    let ctx = ctx();
    pipeline.encode(&ctx, vec![plain("first")]).await.unwrap();
    let first = processes();
    assert_eq!(first.lines().count(), 1, "{first}");
    pipeline.encode(&ctx, vec![plain("second")]).await.unwrap();
    assert_eq!(processes(), first);
    postgres().run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'warm'");
    cloakroom_tests::wait_until("the server closes it", || processes().is_empty()).await;
    pipeline.encode(&ctx, vec![plain("third")]).await.map_err(|error| chain(&error)).unwrap();
    assert_ne!(processes(), first);
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_name_the_remedy_and_no_secret() {
    postgres().run("CREATE TABLE private_objects (LIKE cloakroom_objects INCLUDING ALL)");
    for (driver, expected) in [
        (Driver { password: "canary-wrong", ..GOOD }, ErrorKind::Denied),
        (Driver { user: "nobody", ..GOOD }, ErrorKind::Denied),
        (Driver { table: "private_objects", ..GOOD }, ErrorKind::Denied),
        (Driver { table: "no_such_table", ..GOOD }, ErrorKind::Config),
        // `pg_hba.conf` lets nobody in without TLS.
        (Driver { encrypted: false, ..GOOD }, ErrorKind::Denied),
    ] {
        let (kind, text) = driver.refused().await;
        assert_eq!(kind, expected, "{text}");
    }
}
