//! A third party's `wasm32-wasip2` build loads, and finds WASI's harmless part alone.

use std::{io::Read as _, net::TcpListener, time::Duration};

use cloakroom::{
    ByteSize, Codec as _, Error, ErrorKind, Limit, Payload,
    codec::Encoded,
    plugin::{Grants, Limits, PluginCodec, Reuse, Settings, Source},
};
use cloakroom_tests::{
    ROGUE_WASIP2, ZLIB_WASIP2, assert_text, chain, ctx, host, plain, ring, rogue, rogue_grants,
    text,
};
use expect_test::expect;

async fn load() -> PluginCodec {
    load_within(Duration::from_secs(60)).await
}

async fn load_within(time: Duration) -> PluginCodec {
    let limits =
        Limits { time, log: ByteSize::kib(4), memory: ByteSize::mib(8), ..Limits::default() };
    rogue(&host(limits), ROGUE_WASIP2, Reuse::Warm).await
}

async fn perform(codec: &PluginCodec, name: &str) -> Result<Encoded, Error> {
    codec.encode(&ctx(), &plain(name.to_owned())).await
}

async fn encodes(codec: &PluginCodec, sent: Payload) {
    let Encoded::Changed(encoded) = codec.encode(&ctx(), &sent).await.unwrap() else {
        panic!("left alone");
    };
    assert_eq!(codec.decode(&ctx(), encoded).await.unwrap(), sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_computes_needs_no_grant() {
    let source = Source::bytes("zlib", ZLIB_WASIP2);
    let plugin = host(Limits::default()).load(source, Grants::none()).await.unwrap();
    assert!(plugin.inspection().uses_wasi());
    let codec = plugin.codec(Settings::none(), Reuse::Fresh).await.unwrap();
    encodes(&codec, plain(text(100_000))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_need_a_grant() {
    let grants = Grants::none().with_keys("rogue", ring()).with_subkeys("rogue", ring());
    let loaded = host(Limits::default()).load(Source::bytes("rogue", ROGUE_WASIP2), grants).await;
    let error = loaded.map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MissingGrant);
    assert_text(
        &chain(&error),
        &["wasi:sockets/", "Grants::with_tcp"],
        &expect![[r#"
            plugin `rogue`: imports `wasi:sockets/network@0.2.6`, which was not granted: grant a server, or build the plugin without a network (componentize-py: `--stub-wasi`) (`Grants::with_tcp_grant`)
        "#]],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_granted_address_is_reached_and_no_other() {
    let (granted, other) = (listener(), listener());
    let grants = rogue_grants().with_tcp(granted.local_addr().unwrap());
    let source = Source::bytes("rogue", ROGUE_WASIP2);
    let plugin = host(Limits::default()).load(source, grants).await.unwrap();
    let codec = plugin.codec(Settings::none(), Reuse::Fresh).await.unwrap();

    let connect = |to: &TcpListener| format!("connect {}", to.local_addr().unwrap());
    perform(&codec, &connect(&granted)).await.unwrap();
    let mut heard = String::new();
    granted.accept().unwrap().0.read_to_string(&mut heard).unwrap();
    assert_eq!(heard, "from the sandbox");

    for attack in [&connect(&other), "listen", "look-up"] {
        let error = perform(&codec, attack).await.map(drop).expect_err(attack);
        assert_eq!(error.kind(), ErrorKind::Denied, "{attack}: {}", chain(&error));
    }
    other.set_nonblocking(true).unwrap();
    assert!(other.accept().is_err(), "somebody came");
}

fn listener() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn loads_and_works() {
    let codec = load().await;
    let imports = &codec.plugin().inspection().imports;
    assert!(imports.iter().any(|import| import.name.starts_with("wasi:cli/")));
    encodes(&codec, plain("benign")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sees_no_environment_and_no_files() {
    let source = Source::bytes("rogue", ROGUE_WASIP2);
    let plugin = host(Limits::default()).load(source, rogue_grants().with_log()).await.unwrap();
    let codec = plugin.codec(Settings::none(), Reuse::Fresh).await.unwrap();
    let error = perform(&codec, "environment").await.map(drop).unwrap_err();
    assert_text(
        &chain(&error),
        &["sees 0 variables and files: false"],
        &expect![[r#"
            plugin `rogue`: sees 0 variables and files: false
        "#]],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn is_bounded_in_what_it_prints_and_how_long_it_sleeps() {
    let (codec, brief) = (load().await, load_within(Duration::from_millis(400)).await);
    for (codec, name, limit) in [
        (&codec, "print-forever", Limit::Log),
        (&brief, "sleep", Limit::Time),
        (&brief, "loop", Limit::Time),
        (&codec, "memory", Limit::Memory),
    ] {
        let error = perform(codec, name).await.map(drop).expect_err(name);
        assert_eq!(error.kind(), ErrorKind::LimitExceeded(limit), "{name}: {}", chain(&error));
        perform(codec, "benign").await.expect("the next call works");
    }
}

/// The 17th socket is refused, and the call goes on.
#[tokio::test(flavor = "multi_thread")]
async fn sockets_of_an_instance_are_bounded() {
    let granted = listener();
    let address = granted.local_addr().unwrap();
    let source = Source::bytes("rogue", ROGUE_WASIP2);
    let plugin = host(Limits::default())
        .load(source, rogue_grants().with_tcp(address).with_log())
        .await
        .unwrap();
    let codec = plugin.codec(Settings::none(), Reuse::Fresh).await.unwrap();
    let attack = format!("connect-many {address}");
    let error = perform(&codec, &attack).await.map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Failed, "{}", chain(&error));
    assert_text(
        &chain(&error),
        &["16 sockets"],
        &expect![[r#"
        plugin `rogue`: 16 sockets
    "#]],
    );
}
