//! Codecs and drivers of the program's own are held to what plugins are held to.

use std::{future::pending, time::Duration};

use bytes::Bytes;
use cloakroom::{
    ByteSize, Codec, Context, Driver, Error, ErrorKind, Limit, Payload, Pipeline, Stage,
    codec::{Description, Encoded, Purpose},
    pipeline::PipelineError,
    storage::{Claim, Object, Offload},
};
use cloakroom_tests::{assert_text, chain, ctx, plain, without_slot};
use expect_test::{Expect, expect};
use futures::future::BoxFuture;

const CANARY: &str = "canary-of-the-payload";

/// Behaviour of a codec or a driver when it is called.
#[derive(Clone, Copy)]
enum Conduct {
    /// Does what it should, with this encoding if it is a codec.
    Works(&'static str),
    /// Panics before it gives a future.
    PanicsAtOnce,
    /// Panics in its future.
    PanicsLater,
    /// Never finishes.
    Hangs,
}

use Conduct::{Hangs, PanicsAtOnce, PanicsLater, Works};

impl Conduct {
    fn called(self) {
        assert!(!matches!(self, PanicsAtOnce), "{CANARY}");
    }

    async fn polled(self) {
        match self {
            Hangs => pending().await,
            PanicsLater => panic!("{CANARY}"),
            Works(_) | PanicsAtOnce => {}
        }
    }

    fn encoding(self) -> &'static str {
        match self {
            Works(encoding) => encoding,
            _ => "binary/own",
        }
    }
}

struct Own {
    description: Description,
    encode: Conduct,
    decode: Conduct,
}

fn own(encode: Conduct, decode: Conduct) -> Own {
    let encodings = vec!["binary/own".to_owned()];
    Own { description: Description { encodings, purpose: Purpose::Conversion }, encode, decode }
}

impl Codec for Own {
    fn description(&self) -> &Description {
        &self.description
    }

    fn encode<'a>(
        &'a self,
        _: &'a Context,
        payload: &'a Payload,
    ) -> BoxFuture<'a, Result<Encoded, Error>> {
        self.encode.called();
        Box::pin(async {
            self.encode.polled().await;
            Ok(Encoded::Changed(Payload::new(self.encode.encoding(), payload.data.clone())))
        })
    }

    fn decode<'a>(
        &'a self,
        _: &'a Context,
        payload: Payload,
    ) -> BoxFuture<'a, Result<Payload, Error>> {
        self.decode.called();
        Box::pin(async move {
            self.decode.polled().await;
            Ok(plain(payload.data))
        })
    }
}

struct Keeper(Conduct);

impl Driver for Keeper {
    fn kind(&self) -> &str {
        "own"
    }

    fn store<'a>(&'a self, _: &'a Context, _: Object) -> BoxFuture<'a, Result<Claim, Error>> {
        self.0.called();
        Box::pin(async {
            self.0.polled().await;
            Ok(Claim::new())
        })
    }

    fn retrieve<'a>(
        &'a self,
        _: &'a Context,
        _: &'a Claim,
        _: ByteSize,
    ) -> BoxFuture<'a, Result<Bytes, Error>> {
        self.0.called();
        Box::pin(async {
            self.0.polled().await;
            Err(Error::new(ErrorKind::NotFound, "gone"))
        })
    }
}

fn pipeline(codec: Own) -> Pipeline {
    let builder = cloakroom_tests::pipeline().with_stage(Stage::new("own", codec));
    builder.with_codec_timeout(Duration::from_millis(20)).build().unwrap()
}

fn storing(conduct: Conduct) -> Pipeline {
    let offload = Offload::new(ByteSize::bytes(0)).with_driver("d", Keeper(conduct));
    let offload = offload
        .with_driver_timeout(Duration::from_millis(20))
        .with_memory_cache(ByteSize::bytes(0));
    cloakroom_tests::pipeline().with_offload(offload).build().unwrap()
}

/// A payload of ours alone, and behind another that is let through.
fn batches() -> [Vec<Payload>; 2] {
    let ours = Payload::new("binary/own", CANARY);
    [vec![ours.clone()], vec![ours.clone(), ours]]
}

#[track_caller]
fn panicked(error: &Error, starts: &str, snapshot: &Expect) {
    let text = chain(error);
    assert_eq!(error.kind(), ErrorKind::Internal, "{text}");
    assert!(text.starts_with(starts), "{text}");
    assert_text(&without_slot(&text), &[], snapshot);
    assert!(error.slot().is_some() && error.direction().is_some(), "{text}");
    assert!(!format!("{error:?} {text}").contains(CANARY), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_codec_that_panics_fails_its_payload_in_a_batch_of_any_size() {
    for conduct in [PanicsAtOnce, PanicsLater] {
        for batch in batches() {
            let encoding = pipeline(own(conduct, Works("")));
            let error = encoding.encode(&ctx(), batch.clone()).await.unwrap_err();
            panicked(
                &error,
                "stage `own`, encoding payload ",
                &expect![[r#"
                    stage `own`, encoding payload N: the codec panicked, which is a bug in it: file and line are in what the process wrote to standard error
                "#]],
            );
            let decoding = pipeline(own(Works(""), conduct));
            let error = decoding.decode(&ctx(), batch).await.unwrap_err();
            panicked(
                &error,
                "stage `own`, decoding payload ",
                &expect![[r#"
                    stage `own`, decoding payload N: the codec panicked, which is a bug in it: file and line are in what the process wrote to standard error
                "#]],
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_driver_that_panics_fails_its_payload_in_a_batch_of_any_size() {
    let references = storing(Works("")).encode(&ctx(), vec![plain("x")]).await.unwrap();
    for conduct in [PanicsAtOnce, PanicsLater] {
        for batch in [vec![plain("x")], vec![plain("x"), plain("y")]] {
            let error = storing(conduct).encode(&ctx(), batch).await.unwrap_err();
            panicked(
                &error,
                "stage `storage d`, encoding payload ",
                &expect![[r#"
                    stage `storage d`, encoding payload N: the driver panicked, which is a bug in it: file and line are in what the process wrote to standard error
                "#]],
            );
        }
        let error = storing(conduct).decode(&ctx(), references.clone()).await.unwrap_err();
        panicked(
            &error,
            "stage `storage d`, decoding payload 0",
            &expect![[r#"
                stage `storage d`, decoding payload N: the driver panicked, which is a bug in it: file and line are in what the process wrote to standard error
            "#]],
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_codec_may_not_write_an_encoding_that_it_did_not_declare() {
    for encoding in ["binary/stranger", ""] {
        let pipeline = pipeline(own(Works(encoding), Works("")));
        let error = pipeline.encode(&ctx(), vec![plain("x")]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol);
        let says = "stage `own`, encoding payload 0: wrote an encoding that it did not declare";
        assert_eq!(error.to_string(), says);
    }
}

/// Nothing but the time can end these.
#[tokio::test(flavor = "multi_thread")]
async fn a_codec_that_never_finishes_is_ended() {
    let says = "the codec did not finish within 20ms (`PipelineBuilder::with_codec_timeout`)";
    for batch in batches() {
        let encoded = pipeline(own(Hangs, Works(""))).encode(&ctx(), batch.clone()).await;
        let decoded = pipeline(own(Works(""), Hangs)).decode(&ctx(), batch).await;
        for error in [encoded.unwrap_err(), decoded.unwrap_err()] {
            assert_eq!(error.kind(), ErrorKind::LimitExceeded(Limit::Time));
            assert_eq!(error.stage(), Some("own"));
            assert!(error.to_string().ends_with(says), "{error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_driver_that_never_finishes_is_unavailable() {
    let references = storing(Works("")).encode(&ctx(), vec![plain("x")]).await.unwrap();
    let stored = storing(Hangs).encode(&ctx(), vec![plain("x")]).await;
    let fetched = storing(Hangs).decode(&ctx(), references).await;
    for error in [stored.unwrap_err(), fetched.unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        let says = "the driver did not answer within 20ms (`Offload::with_driver_timeout`)";
        assert!(error.to_string().ends_with(says), "{error}");
    }
}

#[test]
fn storage_without_a_driver_makes_no_pipeline() {
    let offload = Offload::new(ByteSize::kib(1));
    let error = cloakroom_tests::pipeline().with_offload(offload).build().map(drop).unwrap_err();
    assert_eq!(error, PipelineError::NoDriver);
    assert_text(
        &error.to_string(),
        &[],
        &expect![[r#"
            the storage has no driver, so nothing could be stored or read: add one with `Offload::with_driver`, or `Offload::with_read_driver` if it only reads
        "#]],
    );
}

/// A driver that takes longer than the pipeline gives it, within a limit of its own.
struct Unhurried(Option<Duration>);

impl Driver for Unhurried {
    fn kind(&self) -> &str {
        "unhurried"
    }

    fn time_limit(&self) -> Option<Duration> {
        self.0
    }

    fn store<'a>(&'a self, _: &'a Context, _: Object) -> BoxFuture<'a, Result<Claim, Error>> {
        Box::pin(async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            Ok(Claim::new())
        })
    }

    fn retrieve<'a>(
        &'a self,
        _: &'a Context,
        _: &'a Claim,
        _: ByteSize,
    ) -> BoxFuture<'a, Result<Bytes, Error>> {
        Box::pin(async { Ok(Bytes::new()) })
    }
}

/// The pipeline does not time a driver whose own limit is no longer than the pipeline's: the driver
/// may also wait for other things than its store.
#[tokio::test]
async fn a_driver_that_holds_its_own_time_is_not_timed_again() {
    let time = Duration::from_millis(1);
    for (own, ends) in [
        (Some(time), Ok(())),
        (Some(time * 2), Err(ErrorKind::Unavailable)),
        (None, Err(ErrorKind::Unavailable)),
    ] {
        let offload = Offload::new(ByteSize::bytes(0))
            .with_driver("d", Unhurried(own))
            .with_driver_timeout(time);
        let pipeline = cloakroom_tests::pipeline().with_offload(offload).build().unwrap();
        let stored = pipeline.encode(&ctx(), vec![plain("x")]).await;
        assert_eq!(stored.map(drop).map_err(|error| error.kind()), ends, "{own:?}");
    }
}
