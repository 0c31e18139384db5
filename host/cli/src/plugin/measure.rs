//! Measures calls of a plugin.

use std::time::{Duration, Instant};

use cloakroom::{
    Codec, Context, Driver, Error, ErrorKind, Payload,
    codec::Encoded,
    storage::{Claim, Object},
};

/// Times of the two directions of a plugin for one payload.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// Encoding or storing.
    pub(crate) out: Duration,
    /// Decoding or retrieving.
    pub(crate) back: Duration,
    /// Bytes after encoding. As many as before for a driver.
    pub(crate) size: usize,
}

/// Returns the median time of a call.
async fn median<F>(calls: usize, call: impl Fn() -> F) -> Result<Duration, Error>
where
    F: Future<Output = Result<(), Error>>,
{
    // The first call pays for memory that later ones find.
    call().await?;
    let mut times = Vec::with_capacity(calls);
    for _ in 0..calls {
        let began = Instant::now();
        call().await?;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    Ok(times.get(times.len() / 2).copied().unwrap_or_default())
}

/// Measures a codec with one payload.
///
/// # Errors
/// Those of the codec.
pub(crate) async fn codec(
    codec: &dyn Codec,
    ctx: &Context,
    payload: &Payload,
    calls: usize,
) -> Result<Times, Error> {
    let encoded = match codec.encode(ctx, payload).await? {
        Encoded::Changed(encoded) => encoded,
        Encoded::Unchanged => payload.clone(),
    };
    let encode = || async move { codec.encode(ctx, payload).await.map(drop) };
    let out = median(calls, encode).await?;
    let size = encoded.encoded_len();
    if !owns(codec, &encoded) {
        // It left the payload as it is, and is never asked to decode it.
        return Ok(Times { out, back: Duration::ZERO, size });
    }
    let encoded = &encoded;
    let decode = || async move { codec.decode(ctx, encoded.clone()).await.map(drop) };
    Ok(Times { out, back: median(calls, decode).await?, size })
}

/// Returns whether a pipeline offers the codec a payload to decode.
pub(crate) fn owns(codec: &dyn Codec, payload: &Payload) -> bool {
    let is_own = |name: &str| codec.description().encodings.iter().any(|known| known == name);
    let is_marked = |name: &String| payload.metadata.contains_key(name);
    payload.encoding().is_some_and(is_own) || codec.metadata_names().iter().any(is_marked)
}

/// Measures a driver with one object.
///
/// # Errors
/// Those of the driver, and `NotFound` if it does not find what it stored.
pub(crate) async fn driver(
    driver: &dyn Driver,
    ctx: &Context,
    object: &Object,
    calls: usize,
) -> Result<Times, Error> {
    let claim: &Claim = &driver.store(ctx, object.clone()).await?;
    let store = || async move { driver.store(ctx, object.clone()).await.map(drop) };
    let out = median(calls, store).await?;
    let size = object.envelope().len();
    let most = cloakroom::ByteSize::bytes(size as u64);
    let retrieve = || async move {
        let found = driver.retrieve(ctx, claim, most).await?;
        if found.len() == size {
            return Ok(());
        }
        Err(Error::new(ErrorKind::NotFound, "the driver found another object"))
    };
    Ok(Times { out, back: median(calls, retrieve).await?, size })
}

/// Returns bytes in a second, or none if nothing was measured.
pub(crate) fn throughput(bytes: usize, time: Duration) -> Option<f64> {
    let seconds = time.as_secs_f64();
    (seconds > 0.0).then(|| bytes as f64 / seconds)
}

/// Returns a throughput for people, in megabytes a second.
pub(crate) fn throughput_text(bytes: usize, time: Duration) -> String {
    match throughput(bytes, time) {
        Some(speed) => format!("{:.1} MB/s", speed / 1e6),
        None => "-".to_owned(),
    }
}

/// Returns a time for people.
pub(crate) fn time_text(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    match micros {
        0.0 => "-".to_owned(),
        micros if micros < 1000.0 => format!("{micros:.0} µs"),
        micros if micros < 100_000.0 => format!("{:.2} ms", micros / 1000.0),
        micros => format!("{:.2} s", micros / 1e6),
    }
}
