//! Payloads of every kind pass through every bundled codec and back unchanged.

use bytes::Bytes;
use cloakroom::{
    Payload, Pipeline, Stage,
    codec::Metadata,
    plugin::{Host, Limits, Reuse, Settings},
};
use cloakroom_tests::{bundled, ctx, host, noise, plain, text};
use proptest::{prelude::*, test_runner::TestRunner};

const CODECS: [&str; 6] = ["zstd", "zlib", "gzip", "snappy", "aes-gcm", "chacha20-poly1305"];

/// Bytes that cross between host and guest at once. The sizes include one byte less and one more.
const CHUNK: usize = 64 << 10;

const SIZES: [usize; 8] = [0, 1, 100, CHUNK - 1, CHUNK, CHUNK + 1, 256 << 10, 4 << 20];

async fn pipeline(host: &Host, codecs: &[&str], reuse: Reuse) -> Pipeline {
    let mut pipeline = cloakroom_tests::pipeline();
    for name in codecs {
        let codec = bundled(host, name, Settings::none(), reuse).await;
        pipeline = pipeline.with_stage(Stage::new(name, codec));
    }
    pipeline.build().unwrap()
}

async fn check(pipeline: &Pipeline, batch: Vec<Payload>) -> Vec<Payload> {
    let encoded = pipeline.encode(&ctx(), batch.clone()).await.unwrap();
    let decoded = pipeline.decode(&ctx(), encoded.clone()).await.unwrap();
    assert!(decoded == batch, "what came back is not what was sent");
    encoded
}

#[tokio::test(flavor = "multi_thread")]
async fn every_codec_at_every_size() {
    let host = host(Limits::default());
    for codec in CODECS {
        for reuse in [Reuse::Fresh, Reuse::Warm] {
            let pipeline = pipeline(&host, &[codec], reuse).await;
            for size in SIZES {
                check(&pipeline, vec![plain(text(size)), plain(noise(size))]).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_mebibytes_through_every_codec() {
    let limits = Limits { time: std::time::Duration::from_secs(120), ..Limits::default() };
    let host = host(limits);
    for codec in CODECS {
        let pipeline = pipeline(&host, &[codec], Reuse::Fresh).await;
        let encoded = check(&pipeline, vec![plain(text(50 << 20))]).await;
        assert_ne!(encoded[0].encoding(), Some("json/plain"), "{codec} left it alone");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_keeps_number_and_order() {
    let pipeline = pipeline(&host(Limits::default()), &["zstd", "aes-gcm"], Reuse::Fresh).await;
    let batch: Vec<_> = (0..100).map(|index| plain(text(index * 331))).collect();
    assert_eq!(check(&pipeline, batch).await.len(), 100);
    assert!(check(&pipeline, vec![]).await.is_empty());
}

/// Payloads as nobody would write them, some with an encoding that a stage takes for its own.
fn payloads() -> impl Strategy<Value = Payload> {
    let own = prop::sample::select(vec![
        "binary/zstd",
        "binary/sealed",
        "binary/encrypted",
        "",
        "json/plain",
    ]);
    let metadata =
        prop::collection::btree_map(".{0,12}", prop::collection::vec(any::<u8>(), 0..40), 0..5);
    let data = prop::collection::vec(any::<u8>(), 0..600);
    let sizes = prop::collection::vec(any::<i64>(), 0..3);
    (prop::option::of(own), metadata, data, sizes).prop_map(
        |(own, metadata, data, external_sizes)| {
            let mut metadata: Metadata =
                metadata.into_iter().map(|(name, value)| (name, value.into())).collect();
            if let Some(own) = own {
                metadata.insert("encoding".to_owned(), Bytes::from(own));
            }
            Payload { metadata, data: data.into(), external_sizes, ..Payload::default() }
        },
    )
}

#[test]
fn any_payload_through_any_pipeline() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let host = host(Limits::default());
    let pipelines: Vec<Pipeline> =
        [&["zstd", "aes-gcm"][..], &["snappy", "chacha20-poly1305"], &["zlib", "zlib"], &["gzip"]]
            .into_iter()
            .map(|codecs| runtime.block_on(pipeline(&host, codecs, Reuse::Warm)))
            .collect();
    let batches = prop::collection::vec(payloads(), 0..4);
    let checked =
        TestRunner::deterministic().run(&(0..pipelines.len(), batches), |(index, batch)| {
            let pipeline = &pipelines[index];
            let encoded = runtime.block_on(pipeline.encode(&ctx(), batch.clone())).unwrap();
            let decoded = runtime.block_on(pipeline.decode(&ctx(), encoded)).unwrap();
            prop_assert!(decoded == batch);
            Ok(())
        });
    checked.unwrap();
}

#[test]
fn any_bytes_that_say_they_are_ours_end_in_an_error_or_a_payload() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let host = host(Limits::default());
    let all = runtime.block_on(pipeline(&host, &CODECS, Reuse::Warm));
    let own = prop::sample::select(vec![
        "binary/zstd",
        "binary/zlib",
        "binary/gzip",
        "binary/snappy",
        "binary/sealed",
        "binary/encrypted",
        "binary/chacha20-poly1305",
    ]);
    let metadata = prop::collection::btree_map(
        prop::sample::select(vec![
            "sealed-key",
            "sealed-salt",
            "sealed-format",
            "encryption-key-id",
        ]),
        prop::collection::vec(any::<u8>(), 0..30),
        0..4,
    );
    let data = prop::collection::vec(any::<u8>(), 0..300);
    let checked =
        TestRunner::deterministic().run(&(own, metadata, data), |(own, metadata, data)| {
            let mut payload = Payload::new(own, data);
            for (name, value) in metadata {
                payload = payload.with_metadata(name, value);
            }
            if let Err(error) = runtime.block_on(all.decode(&ctx(), vec![payload])) {
                let blamed = matches!(
                    error.kind(),
                    cloakroom::ErrorKind::Malformed | cloakroom::ErrorKind::UnknownKey
                );
                prop_assert!(blamed, "{error}");
            }
            Ok(())
        });
    checked.unwrap();
}
