//! Memory that the host holds for plugins: hostile guests stay under the numbers of `memory.md`.

use std::{sync::Arc, time::Duration};

use cloakroom::{
    ByteSize, CloakroomBuilder, Codec as _, Error, ErrorKind, Limit, Payload, Pipeline, Stage,
    codec::Encoded,
    pipeline::MemoryBudget,
    plugin::{Limits, PluginCodec, Reuse, Settings},
    storage::{Bucket, ObjectBucket, Offload, TemporalReferences},
};
use cloakroom_tests::{
    ROGUE, assert_text, assert_texts, bucket_driver, bundled, chain, compile_cache, ctx, host,
    noise, plain, rogue, text,
};
use expect_test::{Expect, expect};

use ErrorKind::{Busy, LimitExceeded};

/// The limit of what a call may hold here.
const HELD: ByteSize = ByteSize::mib(24);

fn limits() -> Limits {
    Limits { held: HELD, time: Duration::from_secs(120), ..Limits::default() }
}

/// A budget of its own, so that only what the host holds for the call is seen in it.
fn budget() -> MemoryBudget {
    MemoryBudget::new(ByteSize::mib(1024), ByteSize::mib(1024))
}

async fn attack(codec: &PluginCodec, budget: &MemoryBudget, name: &str) -> Result<Encoded, Error> {
    codec.encode(&ctx().with_memory(budget.call()), &plain(name.to_owned())).await
}

async fn codec(limits: Limits) -> PluginCodec {
    rogue(&host(limits), ROGUE, Reuse::Fresh).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_host_holds_for_a_guest_is_bounded() {
    let codec = codec(limits()).await;
    let entries = (LimitExceeded(Limit::Entries), "4096");
    let held = (LimitExceeded(Limit::Held), "24MiB");
    let mut seen = Vec::new();
    for (name, (kind, number)) in [
        ("join-forever", held),
        ("join-envelopes-forever", held),
        ("slices-of-dropped-buffers", held),
        ("payloads-of-entries", held),
        ("two-byte-sizes", entries),
        ("two-byte-entries", entries),
        ("two-byte-fields", entries),
        ("two-byte-bodies", entries),
        ("many-entries", entries),
    ] {
        let budget = budget();
        let error = attack(&codec, &budget, name).await.map(drop).expect_err(name);
        assert_eq!(error.kind(), kind, "{name}: {}", chain(&error));
        let text = chain(&error);
        assert!(text.contains(number), "{name}: {text}");
        seen.push(format!("{name}: {text}"));
        assert!(budget.peak() <= HELD.as_usize(), "{name}: held {}", budget.peak());
        assert_eq!(budget.used(), 0, "{name}: not given back");
        assert!(matches!(attack(&codec, &budget, "benign").await, Ok(Encoded::Changed(_))));
    }
    assert_texts(
        &seen,
        &expect![[r#"
            join-forever: plugin `rogue`: had the host hold more than 24MiB at once: its input, and everything that it made and did not release (`Limits::held`)
            join-envelopes-forever: plugin `rogue`: had the host hold more than 24MiB at once: its input, and everything that it made and did not release (`Limits::held`)
            slices-of-dropped-buffers: plugin `rogue`: had the host hold more than 24MiB at once: its input, and everything that it made and did not release (`Limits::held`)
            payloads-of-entries: plugin `rogue`: had the host hold more than 24MiB at once: its input, and everything that it made and did not release (`Limits::held`)
            two-byte-sizes: plugin `rogue`: the payload has more than 4096 entries, which are metadata, sizes and unknown fields: pass fewer, or raise the limit (`Limits::entries`)
            two-byte-entries: plugin `rogue`: the payload has more than 4096 entries, which are metadata, sizes and unknown fields: pass fewer, or raise the limit (`Limits::entries`)
            two-byte-fields: plugin `rogue`: the payload has more than 4096 entries, which are metadata, sizes and unknown fields: pass fewer, or raise the limit (`Limits::entries`)
            two-byte-bodies: plugin `rogue`: the payload has more than 4096 entries, which are metadata, sizes and unknown fields: pass fewer, or raise the limit (`Limits::entries`)
            many-entries: plugin `rogue`: made a payload of more than 4096 metadata entries (`Limits::entries`)
        "#]],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_buffer_is_joined_once_and_shared() {
    let (codec, budget) = (codec(limits()).await, budget());
    attack(&codec, &budget, "join-one-buffer-often").await.unwrap();
    // The pieces and the copy, and entries of fifty payloads.
    assert!(budget.peak() < 6 << 20, "held {}", budget.peak());
    assert_eq!(budget.used(), 0);
}

/// There is room for all of `limits.output`, and for a writer that grows.
#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_uses_all_of_its_output_still_works() {
    let time = Duration::from_secs(120);
    let (codec, budget) = (codec(Limits { time, ..Limits::default() }).await, budget());
    let Encoded::Changed(payload) = attack(&codec, &budget, "all-output").await.unwrap() else {
        panic!("left alone");
    };
    assert_eq!(payload.data.len(), 126 << 20);
    assert!(budget.peak() <= Limits::default().held.as_usize(), "held {}", budget.peak());
    assert_eq!(budget.used(), 0, "what was handed over is its receiver's");
}

/// The rule itself: whatever a guest does, the host counts no more than it may, and forgets
/// nothing.
#[tokio::test(flavor = "multi_thread")]
async fn random_programs_of_host_calls_stay_within_the_bound() {
    let (little, much) = (ByteSize::kib(128), ByteSize::mib(2));
    let within = async |held| (codec(Limits { held, ..limits() }).await, held);
    let codecs = [within(little).await, within(much).await];
    let (mut ended, mut refused) = (0, 0);
    for (seed, (codec, held)) in (1..=40).zip(codecs.iter().cycle()) {
        let budget = budget();
        match attack(codec, &budget, &format!("program {seed}")).await {
            Ok(_) => ended += 1,
            Err(error) => {
                let kind = error.kind();
                assert_eq!(kind, LimitExceeded(Limit::Held), "{seed}: {}", chain(&error));
                refused += 1;
            }
        }
        assert!(budget.peak() <= held.as_usize(), "{seed}: held {}", budget.peak());
        assert_eq!(budget.used(), 0, "{seed}: not given back");
    }
    assert!(ended > 0 && refused > 0, "{ended} ended and {refused} were refused");
}

/// The memory of the pipeline's call, and of the process, end a guest's call with their own errors.
#[tokio::test(flavor = "multi_thread")]
async fn the_call_and_the_process_bound_a_guest_too() {
    let codec = codec(limits()).await;
    let (small, large) = (ByteSize::mib(5), ByteSize::mib(16));
    for (call, process, kind, snapshot) in [
        (
            small,
            large,
            LimitExceeded(Limit::CallBytes),
            expect![[r#"
                plugin `rogue`: the call needs more than 5MiB of memory: split the batch, or raise the limit (`Limits::call_bytes`)
            "#]],
        ),
        (
            large,
            small,
            Busy,
            expect![[r#"
                plugin `rogue`: all calls together need more than 5MiB of memory: try again later, or raise the limit (`Limits::process_bytes`)
            "#]],
        ),
    ] {
        let budget = MemoryBudget::new(call, process);
        let error = attack(&codec, &budget, "join-forever").await.map(drop).unwrap_err();
        assert_eq!(error.kind(), kind, "{}", chain(&error));
        assert_text(&chain(&error), &["5MiB"], &snapshot);
        assert_eq!(budget.used(), 0);
        assert!(budget.peak() <= small.as_usize());
    }
}

/// Linear memory is the process's, also while an instance waits warm.
#[tokio::test(flavor = "multi_thread")]
async fn linear_memory_is_charged_to_the_process() {
    let host = host(Limits::default());
    let codec = rogue(&host, ROGUE, Reuse::Warm).await;
    codec.encode(&ctx(), &plain("benign")).await.unwrap();
    let warm = host.memory().used();
    assert!(warm >= 64 << 10, "an instance of {warm} bytes");
    let error = codec.encode(&ctx(), &plain("memory")).await.map(drop).unwrap_err();
    assert_eq!(error.kind(), LimitExceeded(Limit::Memory));
    assert!(host.memory().peak() > 60 << 20, "its memory was not counted");
    assert_eq!(host.memory().used(), 0, "its instance is gone");

    let (call_bytes, process_bytes) = (ByteSize::mib(8), ByteSize::mib(8));
    let limits = Limits { call_bytes, process_bytes, ..Limits::default() };
    let codec = rogue(&cloakroom_tests::host(limits), ROGUE, Reuse::Fresh).await;
    let error = codec.encode(&ctx(), &plain("memory")).await.map(drop).unwrap_err();
    assert_eq!(error.kind(), Busy, "{}", chain(&error));
    assert_text(
        &chain(&error),
        &["8MiB"],
        &expect![[r#"
            plugin `rogue`: all calls together need more than 8MiB of memory: try again later, or raise the limit (`Limits::process_bytes`)
        "#]],
    );
}

fn with_entries(count: usize) -> Payload {
    let mut payload = plain(text(2000));
    for index in payload.metadata.len()..count {
        payload = payload.with_metadata(&format!("x-{index}"), format!("value {index}"));
    }
    payload
}

async fn pipeline(limits: Limits) -> Pipeline {
    let entries = limits.entries;
    let host = host(limits);
    let mut builder = cloakroom_tests::pipeline().with_max_entries(entries);
    for name in ["zstd", "aes-gcm"] {
        let codec = bundled(&host, name, Settings::none(), Reuse::Fresh).await;
        builder = builder.with_stage(Stage::new(name, codec));
    }
    builder.build().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_small_entries_pass_under_the_defaults() {
    let (pipeline, sent) = (pipeline(Limits::default()).await, vec![with_entries(1000)]);
    let encoded = pipeline.encode(&ctx(), sent.clone()).await.unwrap();
    assert!(encoded[0].metadata.len() < 10, "they are sealed");
    assert_eq!(pipeline.decode(&ctx(), encoded).await.unwrap(), sent);
}

/// One number for both directions, and data that was written under a higher one is not lost.
#[tokio::test(flavor = "multi_thread")]
async fn entries_are_counted_alike_both_ways_and_a_higher_limit_reads_old_data() {
    let (low, high) =
        (Limits { entries: 100.try_into().unwrap(), ..Limits::default() }, Limits::default());
    let (low, high) = (pipeline(low).await, pipeline(high).await);
    let refused = |error: Error, snapshot: Expect| {
        assert_eq!(error.kind(), LimitExceeded(Limit::Entries), "{}", chain(&error));
        assert_text(&chain(&error), &["100 entries"], &snapshot);
    };
    let fits = vec![with_entries(100)];
    let encoded = low.encode(&ctx(), fits.clone()).await.unwrap();
    assert_eq!(low.decode(&ctx(), encoded).await.unwrap(), fits);

    let large = vec![with_entries(101)];
    refused(
        low.encode(&ctx(), large.clone()).await.unwrap_err(),
        expect![[r#"
            encoding payload 0: the payload has more than 100 entries, which are metadata, sizes and unknown fields: pass fewer, or raise the limit (`PipelineBuilder::with_max_entries`)
        "#]],
    );
    let encoded = high.encode(&ctx(), large.clone()).await.unwrap();
    refused(
        low.decode(&ctx(), encoded.clone()).await.unwrap_err(),
        expect![[r#"
            stage `zstd`, decoding payload 0: the payload has more than 100 entries, which are metadata, sizes and unknown fields: pass fewer, or raise the limit (`Limits::entries`)
        "#]],
    );
    // What no stage knows passes through, and is counted as well.
    refused(
        low.decode(&ctx(), large.clone()).await.unwrap_err(),
        expect![[r#"
            decoding payload 0: the payload has more than 100 entries, which are metadata, sizes and unknown fields: pass fewer, or raise the limit (`PipelineBuilder::with_max_entries`)
        "#]],
    );
    assert_eq!(high.decode(&ctx(), encoded).await.unwrap(), large);
}

/// An object that is read back is a message like any other.
#[tokio::test(flavor = "multi_thread")]
async fn a_stored_object_of_too_many_entries_is_readable_under_a_higher_limit() {
    let bucket: Arc<dyn Bucket> = Arc::new(ObjectBucket::memory("b"));
    let driver = Arc::new(bucket_driver("s3", &bucket, &[]).await);
    let pipeline = |entries: usize| {
        let offload = Offload::new(ByteSize::kib(1)).with_driver("d", driver.clone());
        let offload = offload.with_memory_cache(ByteSize::bytes(0));
        let entries = entries.try_into().unwrap();
        cloakroom_tests::pipeline().with_offload(offload).with_max_entries(entries).build().unwrap()
    };
    let sent = vec![with_entries(101)];
    let stored = pipeline(101).encode(&ctx(), sent.clone()).await.unwrap();
    assert!(TemporalReferences::is_reference(&stored[0]));
    let error = pipeline(100).decode(&ctx(), stored.clone()).await.unwrap_err();
    assert_eq!(error.kind(), LimitExceeded(Limit::Entries), "{}", chain(&error));
    assert_text(
        &chain(&error),
        &["100 entries"],
        &expect![[r#"
            stage `storage d`, decoding payload 0: the payload has more than 100 entries, which are metadata, sizes and unknown fields: pass fewer, or raise the limit (`PipelineBuilder::with_max_entries`)
        "#]],
    );
    assert_eq!(pipeline(101).decode(&ctx(), stored).await.unwrap(), sent);
}

/// A few KiB that decompress to four million entries of two bytes.
#[tokio::test(flavor = "multi_thread")]
async fn a_bomb_of_entries_is_refused_by_its_number_and_takes_no_more_than_its_bytes() {
    let time = Duration::from_secs(120);
    let careless = Limits { held: ByteSize::mib(1 << 20), time, ..Limits::default() };
    let packer = bundled(&host(careless), "zstd", Settings::none(), Reuse::Fresh).await;
    let unknown = b"\x2a\x00".repeat(4 << 20).into();
    let bomb = Payload { unknown, ..plain("") };
    let Encoded::Changed(packed) = packer.encode(&ctx(), &bomb).await.unwrap() else {
        panic!("left alone");
    };
    assert!(packed.data.len() < 64 << 10, "{} bytes", packed.data.len());

    let codec = bundled(&host(limits()), "zstd", Settings::none(), Reuse::Fresh).await;
    let budget = budget();
    let decoded = codec.decode(&ctx().with_memory(budget.call()), packed).await;
    let error = decoded.map(drop).unwrap_err();
    assert_eq!(error.kind(), LimitExceeded(Limit::Entries), "{}", chain(&error));
    assert!(budget.peak() <= HELD.as_usize(), "held {}", budget.peak());
    assert_eq!(budget.used(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_bounds_entries_and_what_is_held() {
    let open = async |limits: &str| {
        let text = format!("[[stage]]\nplugin = \"bundled:zlib\"\n[limits]\n{limits}");
        CloakroomBuilder::text(text).with_cache(compile_cache()).open().await.unwrap()
    };
    for (limits, held) in [
        ("", ByteSize::mib(384)),
        ("output = \"200MiB\"", ByteSize::mib(600)),
        ("payload = \"300MiB\"", ByteSize::mib(900)),
        ("output = \"200MiB\"\nheld = \"5MiB\"", ByteSize::mib(5)),
    ] {
        assert_eq!(open(limits).await.host().limits().held, held, "{limits}");
    }
    let cloakroom = open("entries = 50").await;
    cloakroom.encode(&ctx(), vec![with_entries(50)]).await.unwrap();
    for (done, snapshot) in [
        (
            cloakroom.encode(&ctx(), vec![with_entries(51)]).await,
            expect![[r#"
                encoding payload 0: the payload has more than 50 entries, which are metadata, sizes and unknown fields: pass fewer, or raise the limit (`limits.entries`)
            "#]],
        ),
        (
            cloakroom.decode(&ctx(), vec![with_entries(51)]).await,
            expect![[r#"
                decoding payload 0: the payload has more than 50 entries, which are metadata, sizes and unknown fields: pass fewer, or raise the limit (`limits.entries`)
            "#]],
        ),
        (
            cloakroom.pipeline().decode_references(&ctx(), vec![with_entries(51)]).await,
            expect![[r#"
                decoding payload 0: the payload has more than 50 entries, which are metadata, sizes and unknown fields: pass fewer, or raise the limit (`limits.entries`)
            "#]],
        ),
    ] {
        let error = done.unwrap_err();
        assert_eq!(error.kind(), LimitExceeded(Limit::Entries), "{}", chain(&error));
        assert_text(&chain(&error), &["payload 0: "], &snapshot);
    }
}

/// Parts of a large payload are charged by their size.
#[tokio::test(flavor = "multi_thread")]
async fn an_honest_call_is_charged_for_what_it_makes_and_no_more() {
    let host = host(Limits { time: Duration::from_secs(120), ..Limits::default() });
    let codec = bundled(&host, "aes-gcm", Settings::none(), Reuse::Fresh).await;
    let (budget, sent) = (budget(), plain(noise(8 << 20)));
    let encoded = codec.encode(&ctx().with_memory(budget.call()), &sent).await.unwrap();
    let Encoded::Changed(encoded) = encoded else { panic!("left alone") };
    assert!(budget.peak() > 8 << 20 && budget.peak() < (8 << 20) + 8192, "{}", budget.peak());
    let decoded = codec.decode(&ctx().with_memory(budget.call()), encoded).await.unwrap();
    assert_eq!(decoded, sent);
    assert!(budget.peak() < (8 << 20) + 8192, "{}", budget.peak());
    assert_eq!(budget.used(), 0);
}
