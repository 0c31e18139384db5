//! Probes of a codec when it is loaded: it must decode what it encodes.

use std::sync::LazyLock;

use bytes::Bytes;
use cloakroom_core::{ByteSize, Context, Error, ErrorKind, Payload};
use cloakroom_pipeline::{Pipeline, Stage};

/// The size of the large probe, unless `limits.payload` is smaller.
const LARGE: ByteSize = ByteSize::mib(1);

/// A payload to try a codec with, and its name in errors.
struct Probe {
    name: &'static str,
    payload: Payload,
}

/// The names of all probes, for reports.
pub(crate) const NAMES: [&str; 6] =
    ["empty body", "no metadata", "json/plain", "binary/plain", "1 MiB", "its own encoding"];

/// Bytes for metadata and framing of the large probe, at most.
const OVERHEAD: usize = 64;

fn probe(name: &'static str, payload: Payload) -> Probe {
    Probe { name, payload }
}

/// Returns the probes that every stage gets. None is larger than `most` as a message.
fn probes(most: ByteSize) -> Vec<Probe> {
    let [empty, bare, json, binary, large, _] = NAMES;
    vec![
        probe(empty, Payload::new("binary/null", Bytes::new())),
        probe(bare, Payload { data: Bytes::from_static(b"cloakroom"), ..Payload::default() }),
        probe(json, Payload::new("json/plain", "\"cloakroom\"")),
        probe(binary, Payload::new("binary/plain", &b"\0\x01\x7f\x80\xff cloakroom"[..])),
        probe(large, Payload::new("binary/plain", body(most.min(LARGE).as_usize()))),
    ]
}

/// Returns the body of a message of at most `size` bytes.
fn body(size: usize) -> Bytes {
    BODY.slice(..size.saturating_sub(OVERHEAD).min(BODY.len()))
}

/// Bytes of which three quarters compress well. Made once: a process may load many configurations.
static BODY: LazyLock<Bytes> = LazyLock::new(|| {
    let mut state = 1u32;
    let byte = |at: usize| {
        // xorshift32: cheap, and the same in every run, so that a failure can be repeated.
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        let is_noise = (at / 4096).is_multiple_of(4);
        if is_noise { (state >> 24) as u8 } else { (at % 64) as u8 }
    };
    (0..LARGE.as_usize()).map(byte).collect()
});

/// Tries the codec of a stage alone with every probe, its own encodings and metadata among them. A codec
/// may leave a probe as it is, unless the encoding or the metadata is its own.
///
/// A codec that takes no probes is not tried.
///
/// # Errors
/// `PluginRejected` or `Config` that name the stage and the probe. Transient errors keep their kind.
pub(crate) async fn try_stage(stage: &Stage, most: ByteSize) -> Result<(), Error> {
    let [.., own] = NAMES;
    if !stage.takes_probes() {
        return Ok(());
    }
    let owned = stage.encodings().iter().map(|name| probe(own, Payload::new(name, "cloakroom")));
    let plain = Payload::new("json/plain", "\"cloakroom\"");
    let marked = stage.metadata_names().iter().map(|name| plain.clone().with_metadata(name, "1"));
    let owned = owned.chain(marked.map(|payload| probe(own, payload)));
    let ctx = Context::probe();
    for Probe { name, payload } in probes(most).into_iter().chain(owned) {
        let tried = stage.round_trip(&ctx, &payload).await;
        tried.map_err(|error| failed(&format!("stage `{}`", stage.name()), name, &error))?;
    }
    Ok(())
}

/// Refuses a codec that says that it encrypts and leaves plaintext in its output. It may leave a probe
/// as it is, which a required stage refuses whenever it happens.
///
/// This finds mistakes, and stops no attacker: a malicious codec can recognise a probe.
///
/// # Errors
/// `PluginRejected` if the plaintext is in it; else as [`try_stage`].
pub(crate) async fn try_sealing(stage: &Stage) -> Result<(), Error> {
    for encoding in ["json/plain", "binary/plain"] {
        let leaks = stage.leaks_plaintext(&Context::probe(), encoding).await;
        let what = format!("stage `{}`", stage.name());
        if leaks.map_err(|error| failed(&what, SEALING, &error))? {
            let text = "it says that it encrypts, and what it writes has the plaintext in it";
            let error = Error::new(ErrorKind::PluginRejected, text);
            return Err(failed(&what, SEALING, &error));
        }
    }
    Ok(())
}

/// The name of that probe.
const SEALING: &str = "random body";

/// Sends every probe through all stages and back. Returns whether the same payload is encoded to the
/// same bytes twice.
///
/// # Errors
/// As [`try_stage`].
pub(crate) async fn try_pipeline(stages: &Pipeline, most: ByteSize) -> Result<bool, Error> {
    let names: Vec<_> = stages.stages().iter().map(Stage::name).collect();
    let all = match &*names {
        [one] => format!("stage `{one}`"),
        names => format!("stages `{}` together", names.join("`, `")),
    };
    let (ctx, mut repeats) = (Context::probe(), true);
    // One stage has had the large probe already, and it is the one that takes time.
    let is_new = |probe: &Probe| names.len() != 1 || probe.name != LARGE_NAME;
    for Probe { name, payload } in probes(most).into_iter().filter(is_new) {
        let failed = |error: Error| failed(&all, name, &error);
        let sent = vec![payload];
        let encoded = stages.encode(&ctx, sent.clone()).await.map_err(failed)?;
        if name == REPEATED {
            repeats = stages.encode(&ctx, sent.clone()).await.map_err(failed)? == encoded;
        }
        if stages.decode(&ctx, encoded).await.map_err(failed)? != sent {
            return Err(failed(Error::new(ErrorKind::PluginRejected, NOT_THE_SAME)));
        }
    }
    Ok(repeats)
}

const NOT_THE_SAME: &str = "decoding does not give back what was encoded";

/// The large probe.
const LARGE_NAME: &str = "1 MiB";

/// The probe that is encoded twice, to see whether the bytes are the same.
const REPEATED: &str = "json/plain";

/// Names the probe that failed. A codec that refuses a plain payload of the host would refuse those of
/// users, so the configuration or the plugin is wrong, and never the payload.
fn failed(what: &str, probe: &str, error: &Error) -> Error {
    let kind = match error.kind() {
        kind @ (ErrorKind::Config | ErrorKind::MissingGrant | ErrorKind::PluginRejected) => kind,
        kind if kind.is_transient() => kind,
        ErrorKind::Denied | ErrorKind::NotFound | ErrorKind::OutOfScope | ErrorKind::UnknownKey => {
            ErrorKind::Config
        }
        _ => ErrorKind::PluginRejected,
    };
    let hint = match error.kind() {
        ErrorKind::LimitExceeded(_) => {
            "; raise the limit, or lower `limits.payload` if no payload is as large as this probe"
        }
        _ => "",
    };
    let text = format!("{what} failed the probe `{probe}`: {error}{hint}");
    let failed = Error::new(kind, text);
    match std::error::Error::source(error) {
        Some(cause) => failed.with_source(cause.to_string()),
        None => failed,
    }
}
