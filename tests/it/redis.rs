//! Redis, by a driver that speaks its protocol over a granted connection.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
};

use cloakroom::{
    ByteSize, Context, Error, ErrorKind, Payload, Pipeline,
    pipeline::Kind,
    plugin::{Grants, Limits, Reuse, Settings},
    storage::Offload,
};
use cloakroom_tests::{assert_text, chain, host, noise, plain, rigs};
use expect_test::expect;
use serde_json::Value;

async fn pipeline(address: SocketAddr, settings: Settings) -> Pipeline {
    let grants = Grants::none().with_tcp(address);
    let plugin = host(Limits::default())
        .load(cloakroom::plugin::bundled("redis").unwrap(), grants)
        .await
        .unwrap();
    let settings = settings.with_setting("address", address.to_string());
    let driver = plugin.driver(settings, Reuse::Fresh).await.unwrap();
    let offload = Offload::new(ByteSize::bytes(0)).with_driver("redis", driver);
    let offload = offload.with_memory_cache(ByteSize::bytes(0));
    cloakroom_tests::pipeline().with_offload(offload).build().unwrap()
}

fn ctx() -> Context {
    Context::namespace("payments prod").with_target(Kind::Workflow, "a/b:1", "Charge", Some("r"))
}

fn claim(reference: &Payload) -> Value {
    serde_json::from_slice::<Value>(&reference.data).unwrap()["claimData"].clone()
}

/// Asks the server itself.
fn command(words: &[&str]) -> String {
    let mut stream = TcpStream::connect(rigs::redis().address()).unwrap();
    let mut command = format!("*{}\r\n", words.len());
    for word in words {
        command.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    stream.write_all(command.as_bytes()).unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    line.trim().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn keeps_what_the_sample_driver_reads() {
    let pipeline =
        pipeline(rigs::redis().address(), Settings::none().with_setting("ttl_seconds", 600)).await;
    let sent = vec![plain(noise(100)), plain(noise(3 << 20))];
    let kept = pipeline.encode(&ctx(), sent.clone()).await.unwrap();
    assert_eq!(pipeline.encode(&ctx(), sent.clone()).await.unwrap(), kept, "not repeatable");
    assert_eq!(pipeline.decode(&ctx(), kept.clone()).await.unwrap(), sent);
    let claim = claim(&kept[1]);
    let (key, digest) = (claim["key"].as_str().unwrap(), claim["hash_value"].as_str().unwrap());
    assert_eq!(
        key,
        format!(
            "temporalio:payloads:v0:ns:payments%20prod:wt:Charge:wi:a%2Fb%3A1:ri:r:d:sha256:{digest}"
        )
    );
    assert_eq!(command(&["STRLEN", key]), format!(":{}", sent[1].encoded_len()));
    let ttl: u32 = command(&["TTL", key]).trim_start_matches(':').parse().unwrap();
    assert!((1..=600).contains(&ttl), "{ttl}");
}

async fn fails(pipeline: &Pipeline, reference: &Payload, change: impl Fn(&mut Value)) -> Error {
    let mut value: Value = serde_json::from_slice(&reference.data).unwrap();
    change(&mut value);
    let forged = Payload { data: value.to_string().into(), ..reference.clone() };
    pipeline.decode(&ctx(), vec![forged]).await.unwrap_err()
}

#[tokio::test(flavor = "multi_thread")]
async fn reaches_nothing_else() {
    let address = rigs::redis().address();
    let pipeline = pipeline(address, Settings::none().with_setting("prefix", "ours")).await;
    command(&["SET", "theirs", "secret"]);
    let kept = pipeline.encode(&ctx(), vec![plain("x")]).await.unwrap();
    let key = |key: &'static str| move |value: &mut Value| value["claimData"]["key"] = key.into();
    let error = fails(&pipeline, &kept[0], key("theirs")).await;
    assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
    let error = fails(&pipeline, &kept[0], key("ours:v0:gone")).await;
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");

    let grants = Grants::none().with_tcp(([127, 0, 0, 1], 9).into());
    let host = host(Limits::default());
    let plugin = host.load(cloakroom::plugin::bundled("redis").unwrap(), grants);
    let settings = Settings::none().with_setting("address", address.to_string());
    let driver = plugin.await.unwrap().driver(settings, Reuse::Fresh).await.unwrap();
    let offload = Offload::new(ByteSize::bytes(0)).with_driver("redis", driver);
    let elsewhere = cloakroom_tests::pipeline().with_offload(offload).build().unwrap();
    let error = elsewhere.encode(&ctx(), vec![plain("x")]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{}", chain(&error));
    assert_text(
        &chain(&error),
        &["`127.0.0.1:9`", "Grants::with_tcp"],
        &expect![[r#"
            stage `storage redis`, encoding payload 0, plugin `redis`: connections to `127.0.0.1:[port]` were not granted to this plugin; granted: `127.0.0.1:9` (`Grants::with_tcp_grant`)
        "#]],
    );
}

/// A server that answers as it likes.
#[tokio::test(flavor = "multi_thread")]
async fn survives_a_server_that_does_not_behave() {
    for (answer, kind) in [
        (&b""[..], ErrorKind::Unavailable),
        (b"$99999999999999\r\n", ErrorKind::LimitExceeded(cloakroom::Limit::Payload)),
        (b"$100\r\nshort", ErrorKind::Unavailable),
        (b"-LOADING dataset\r\n", ErrorKind::Unavailable),
        (b"-NOAUTH who are you\r\n", ErrorKind::Denied),
        (b"nonsense", ErrorKind::Unavailable),
        (b"$1\r\nx\r\n", ErrorKind::Corrupt),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let pipeline = pipeline(listener.local_addr().unwrap(), Settings::none()).await;
        let real = self::pipeline(rigs::redis().address(), Settings::none()).await;
        let kept = real.encode(&ctx(), vec![plain("x")]).await.unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 16];
            stream.read_exact(&mut request).unwrap();
            stream.write_all(answer).unwrap();
        });
        let error = pipeline.decode(&ctx(), kept).await.unwrap_err();
        assert_eq!(error.kind(), kind, "{answer:?}: {}", chain(&error));
        server.join().unwrap();
    }
    // Nobody listens.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = pipeline(port, Settings::none()).await.encode(&ctx(), vec![plain("x")]).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Unavailable);
}
