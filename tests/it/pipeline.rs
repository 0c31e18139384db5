//! Rules that the pipeline enforces, so that no codec has to.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use cloakroom::{
    ByteSize, Codec, Context, Error, ErrorKind, Limit, Payload, Pipeline, Stage,
    codec::{Description, Encoded, Purpose},
    pipeline::{Direction, PipelineError},
    plugin::{Limits, Reuse, Settings},
};
use cloakroom_tests::{ROGUE, assert_text, bundled, chain, ctx, host, noise, plain, rogue, text};
use expect_test::expect;
use futures::future::BoxFuture;

async fn stage(name: &str) -> Stage {
    Stage::new(name, bundled(&host(Limits::default()), name, Settings::none(), Reuse::Fresh).await)
}

async fn zstd_then_aes() -> Pipeline {
    let aes = stage("aes-gcm").await.required();
    cloakroom_tests::pipeline().with_stage(stage("zstd").await).with_stage(aes).build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn stages_run_in_written_order_and_back() {
    let pipeline = zstd_then_aes().await;
    let sent = plain(text(64 << 10));
    let sealed = pipeline.encode(&ctx(), vec![sent.clone()]).await.unwrap();
    assert_eq!(sealed[0].encoding(), Some("binary/sealed"));
    assert!(sealed[0].encoded_len() < sent.encoded_len() / 2, "it was not compressed first");
    assert_eq!(pipeline.decode(&ctx(), sealed).await.unwrap(), [sent]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_declared_passes_through() {
    let pipeline = cloakroom_tests::pipeline().with_stage(stage("zstd").await).build().unwrap();
    let foreign = cloakroom::Payload::new("binary/of-somebody-else", noise(100));
    assert_eq!(pipeline.decode(&ctx(), vec![foreign.clone()]).await.unwrap(), [foreign]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_would_not_get_smaller_is_left_as_it_is() {
    for codec in ["zstd", "zlib", "gzip", "snappy"] {
        let pipeline = cloakroom_tests::pipeline().with_stage(stage(codec).await).build().unwrap();
        let sent = plain(noise(1000));
        assert_eq!(pipeline.encode(&ctx(), vec![sent.clone()]).await.unwrap(), [sent], "{codec}");
    }
}

/// Left as it is, it would be decompressed on the way back, and never was compressed.
#[tokio::test(flavor = "multi_thread")]
async fn what_looks_like_a_stages_own_is_changed_even_if_it_grows() {
    let pipeline = cloakroom_tests::pipeline().with_stage(stage("zstd").await).build().unwrap();
    let sent = cloakroom::Payload::new("binary/zstd", noise(1000));
    let encoded = pipeline.encode(&ctx(), vec![sent.clone()]).await.unwrap();
    assert!(sent.encoded_len() < encoded[0].encoded_len());
    assert_eq!(pipeline.decode(&ctx(), encoded).await.unwrap(), [sent]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_required_stage_refuses_what_arrives_unsealed() {
    let pipeline = zstd_then_aes().await;
    let error = pipeline.decode(&ctx(), vec![plain("clear")]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsealed);
    assert_eq!(error.stage(), Some("aes-gcm"));
    assert_eq!((error.direction(), error.slot()), (Some(Direction::Decode), Some(0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_payload_fails_the_call_and_is_named() {
    let pipeline = zstd_then_aes().await;
    let mut batch =
        pipeline.encode(&ctx(), vec![plain("a"), plain("b"), plain("c")]).await.unwrap();
    let mut changed = batch[1].data.to_vec();
    changed[80] ^= 1;
    batch[1].data = changed.into();
    let error = pipeline.decode(&ctx(), batch).await.unwrap_err();
    assert_eq!((error.kind(), error.slot()), (ErrorKind::Malformed, Some(1)), "{}", chain(&error));
    let text = error.to_string();
    assert!(text.starts_with("stage `aes-gcm`, decoding payload 1: "), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payload_over_the_limit_goes_nowhere() {
    let pipeline = cloakroom_tests::pipeline()
        .with_stage(stage("zstd").await)
        .with_max_payload_size(ByteSize::kib(64))
        .build()
        .unwrap();
    let error = pipeline.encode(&ctx(), vec![plain(text(100_000))]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded(Limit::Payload));
    assert_text(
        &chain(&error),
        &["64KiB"],
        &expect![[r#"
            encoding payload 0: it has 100028 bytes, and the most is 64KiB: pass less, or raise the limit (`PipelineBuilder::with_max_payload_size`)
        "#]],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bomb_is_stopped_before_it_fills_memory() {
    let zeros = plain(vec![0; 40 << 20]);
    for codec in ["zstd", "zlib", "gzip"] {
        let wide = cloakroom_tests::pipeline().with_stage(stage(codec).await).build().unwrap();
        let bomb = wide.encode(&ctx(), vec![zeros.clone()]).await.unwrap();
        assert!(bomb[0].data.len() < 100_000);
        let limits = Limits { output: ByteSize::mib(4), ..Limits::default() };
        let tight = bundled(&host(limits), codec, Settings::none(), Reuse::Fresh).await;
        let tight =
            cloakroom_tests::pipeline().with_stage(Stage::new(codec, tight)).build().unwrap();
        let error = tight.decode(&ctx(), bomb).await.unwrap_err();
        assert_eq!(
            error.kind(),
            ErrorKind::LimitExceeded(Limit::Output),
            "{codec}: {}",
            chain(&error)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stages_that_contradict_each_other_make_no_pipeline() {
    let built = cloakroom_tests::pipeline()
        .with_stage(stage("aes-gcm").await)
        .with_stage(stage("zstd").await)
        .build();
    assert!(matches!(built, Err(PipelineError::CompressesSealed { .. })));
    let built = cloakroom_tests::pipeline().with_stage(stage("zstd").await.required()).build();
    assert!(matches!(built, Err(PipelineError::RequiredUnsealed(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_may_not_leave_alone_what_it_would_decode() {
    let rogue = rogue(&host(Limits::default()), ROGUE, Reuse::Fresh).await;
    let pipeline =
        cloakroom_tests::pipeline().with_stage(Stage::new("rogue", rogue)).build().unwrap();
    let own = cloakroom::Payload::new("binary/rogue", "leave");
    let error = pipeline.encode(&ctx(), vec![own]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol);
    let other = plain("leave");
    assert_eq!(pipeline.encode(&ctx(), vec![other.clone()]).await.unwrap(), [other]);
}

/// A codec of the embedder's own, in place of a plugin: counts how many of its calls run at once.
struct Counting {
    description: Description,
    running: AtomicUsize,
    most: Arc<AtomicUsize>,
}

impl Codec for Counting {
    fn description(&self) -> &Description {
        &self.description
    }

    fn encode<'a>(
        &'a self,
        _: &'a Context,
        _: &'a Payload,
    ) -> BoxFuture<'a, Result<Encoded, Error>> {
        Box::pin(async {
            let running = self.running.fetch_add(1, SeqCst) + 1;
            self.most.fetch_max(running, SeqCst);
            // Every other task that may run now gets its turn before this one goes on.
            for _ in 0..100 {
                tokio::task::yield_now().await;
            }
            self.running.fetch_sub(1, SeqCst);
            Ok(Encoded::Unchanged)
        })
    }

    fn decode<'a>(
        &'a self,
        _: &'a Context,
        payload: Payload,
    ) -> BoxFuture<'a, Result<Payload, Error>> {
        Box::pin(async { Ok(payload) })
    }
}

#[tokio::test(flavor = "current_thread")]
async fn payloads_of_one_call_run_side_by_side_within_the_permits() {
    let most = Arc::<AtomicUsize>::default();
    let description =
        Description { encodings: vec!["binary/counted".to_owned()], purpose: Purpose::Conversion };
    let counting = Counting { description, running: AtomicUsize::new(0), most: most.clone() };
    let pipeline = cloakroom_tests::pipeline()
        .with_stage(Stage::new("counting", counting))
        .with_permits(3.try_into().unwrap())
        .build()
        .unwrap();
    let batch: Vec<_> = (0..20).map(|index| plain(index.to_string())).collect();
    assert_eq!(pipeline.encode(&ctx(), batch.clone()).await.unwrap(), batch);
    assert_eq!(most.load(SeqCst), 3);
}
