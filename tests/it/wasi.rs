//! A third party's `wasm32-wasip2` build loads, and finds WASI's harmless part alone.

use std::time::Duration;

use cloakroom::{
    ByteSize, Codec as _, Encoded, Error, ErrorKind, Limit, Limits, PluginCodec, Reuse,
};
use cloakroom_tests::{ROGUE_WASIP2, chain, ctx, host, plain, rogue};

async fn load() -> PluginCodec {
    let limits = Limits {
        time: Duration::from_millis(400),
        log: ByteSize::kib(4),
        memory: ByteSize::mib(8),
        ..Limits::default()
    };
    rogue(&host(limits), ROGUE_WASIP2, Reuse::Warm).await
}

async fn perform(codec: &PluginCodec, name: &str) -> Result<Encoded, Error> {
    codec.encode(&ctx(), &plain(name.to_owned())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn loads_and_works() {
    let codec = load().await;
    let imports = &codec.plugin().inspection().imports;
    assert!(imports.iter().any(|import| import.name.starts_with("wasi:cli/")));
    let sent = plain("benign");
    let Encoded::Changed(encoded) = codec.encode(&ctx(), &sent).await.unwrap() else {
        panic!("left alone");
    };
    assert_eq!(codec.decode(&ctx(), encoded).await.unwrap(), sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn sees_no_environment_and_no_files() {
    let error = perform(&load().await, "environment").await.map(drop).unwrap_err();
    assert!(chain(&error).contains("sees 0 variables and files: false"), "{}", chain(&error));
}

#[tokio::test(flavor = "multi_thread")]
async fn is_bounded_in_what_it_prints_and_how_long_it_sleeps() {
    let codec = load().await;
    for (name, limit) in [
        ("print-forever", Limit::Log),
        ("sleep", Limit::Time),
        ("loop", Limit::Time),
        ("memory", Limit::Memory),
    ] {
        let error = perform(&codec, name).await.map(drop).expect_err(name);
        assert_eq!(error.kind(), ErrorKind::LimitExceeded(limit), "{name}: {}", chain(&error));
        perform(&codec, "benign").await.expect("the next call works");
    }
}
