//! Rules of codecs that encrypt.

use std::{collections::BTreeSet, sync::Arc};

use cloakroom_core::{Codec, ErrorKind, Payload};
use futures::future::BoxFuture;

use super::subject::{CodecSubject, decode, encode};
use crate::{
    canary::Canaries,
    sample::plain,
    verdict::{Checked, Stop, broken, describe, not_run, unless_refused},
};

/// Encryptions of one payload that are compared.
const REPEATS: usize = 8;

pub(super) fn fresh(subject: &CodecSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        subject.must_encrypt()?;
        let mut sampler = subject.sampler("fresh");
        let bodies = [sampler.text(0), sampler.text(1), sampler.text(1000)];
        let count = bodies.len();
        for body in bodies {
            let case = format!("{REPEATS} times the same {} bytes", body.len());
            let seen = repeat(subject, &case, &plain(body)).await?;
            if subject.is_repeatable && seen.len() > 1 {
                return Err(broken(case, "the results differ, though it is set to repeat them"));
            }
            if !subject.is_repeatable && seen.len() < REPEATS {
                return Err(broken(case, "two of the results are equal"));
            }
        }
        Ok(count)
    })
}

/// Encrypts a payload again and again, and returns the different results.
async fn repeat(
    subject: &CodecSubject,
    case: &str,
    payload: &Payload,
) -> Result<BTreeSet<Vec<u8>>, Stop> {
    let codecs: Vec<&Arc<dyn Codec>> = [&subject.codec].into_iter().chain(&subject.twin).collect();
    let mut seen = BTreeSet::new();
    // Of two codecs in turns: a generator that was seeded when the plugin was built repeats itself in
    // every instance.
    for codec in codecs.iter().cycle().take(REPEATS) {
        let encoded = encode(&***codec, payload).await;
        let encoded = encoded
            .map_err(|error| broken(case, format!("encoding ended with {}", describe(&error))))?;
        let Some(encoded) = encoded else {
            return Err(broken(case, "it was left in plaintext"));
        };
        seen.insert(encoded.envelope().to_bytes().to_vec());
    }
    Ok(seen)
}

pub(super) fn plaintext(subject: &CodecSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        subject.must_encrypt()?;
        let mut sampler = subject.sampler("plaintext");
        let mut cases = 0;
        for size in [16, 100, 5000, 200_000] {
            let (body, value) = (sampler.noise(size), sampler.noise(40));
            let payload = plain(body.clone()).with_metadata("note", value.clone());
            let case = format!("a random body of {size} bytes");
            let Some(encoded) = subject.encoded(&case, &payload).await? else {
                return Err(broken(case, "it was left in plaintext"));
            };
            // The ends of a large body are enough, and keep the search short.
            let (start, end) =
                (body.slice(..size.min(2000)), body.slice(size.saturating_sub(2000)..));
            let canaries = Canaries::new([&*start, &*end, &*value]);
            if canaries.are_in(&encoded.envelope().to_bytes()) {
                return Err(broken(case, "parts of the plaintext are in the result"));
            }
            cases += 1;
        }
        Ok(cases)
    })
}

pub(super) fn wrong_key(subject: &CodecSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        subject.must_encrypt()?;
        let payload = plain(subject.sampler("wrong-key").text(1000));
        let Some(encoded) = subject.encoded("1,000 bytes of text", &payload).await? else {
            return Err(not_run("the codec leaves the payload as it is"));
        };
        let mut cases = 0;
        for (case, codec, kinds) in [
            ("another key of the same name", &subject.other_key, &[ErrorKind::Malformed][..]),
            (
                "a ring without the key",
                &subject.missing_key,
                &[ErrorKind::UnknownKey, ErrorKind::NotFound, ErrorKind::Malformed],
            ),
        ] {
            let Some(codec) = codec else { continue };
            let answer = decode(&**codec, encoded.clone()).await;
            if let Some(found) = unless_refused(&answer, kinds) {
                return Err(broken(case, found));
            }
            cases += 1;
        }
        if cases == 0 {
            return Err(not_run("there is no second codec with other keys"));
        }
        Ok(cases)
    })
}
