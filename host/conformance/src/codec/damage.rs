//! Rules about input that the codec has not written, or not so.

use bytes::Bytes;
use cloakroom_core::{Error, ErrorKind, Limit, Payload, Purpose};
use futures::future::BoxFuture;

use super::subject::CodecSubject;
use crate::{
    sample::{bytes, plain},
    verdict::{Checked, Stop, broken, describe, not_run, unless_refused},
};

/// Most places of one payload that are damaged, one at a time.
const PLACES: usize = 64;

/// Kinds of errors by which a codec refuses damaged metadata: it may name a key that does not exist.
const REFUSED: [ErrorKind; 5] = [
    ErrorKind::Malformed,
    ErrorKind::UnknownKey,
    ErrorKind::NotFound,
    ErrorKind::LimitExceeded(Limit::Payload),
    ErrorKind::LimitExceeded(Limit::Output),
];

impl CodecSubject {
    /// Returns an encoded payload of about this size, which the codec must not leave as it is.
    async fn sample(&self, rule: &str, size: usize) -> Result<Payload, Stop> {
        let payload = plain(self.sampler(rule).text(size));
        match self.encoded(&bytes(size), &payload).await? {
            Some(encoded) => Ok(encoded),
            None => Err(not_run(format!("the codec leaves {} of text as they are", bytes(size)))),
        }
    }

    /// Returns what happened, if it is more than a codec may do with input that it did not write. Without
    /// a key it cannot notice every change, and may give other data.
    fn fault<T>(&self, answer: &Result<T, Error>, kinds: &[ErrorKind]) -> Option<String> {
        match answer {
            Ok(_) if self.purpose() != Purpose::Encryption => None,
            answer => unless_refused(answer, kinds),
        }
    }
}

pub(super) fn truncated(subject: &CodecSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let mut cases = 0;
        for size in [40, 5000] {
            let whole = subject.sample("truncated", size).await?;
            let length = whole.data.len();
            let step = length.div_ceil(PLACES).max(1);
            for kept in (0..length).step_by(step).chain([length - 1]) {
                let cut = Payload { data: whole.data.slice(..kept), ..whole.clone() };
                let answer = subject.decode(cut).await;
                // What is compressed says where it ends, so that every codec but a conversion can tell.
                let found = match &answer {
                    Ok(_) if subject.purpose() == Purpose::Conversion => None,
                    answer => unless_refused(answer, &[ErrorKind::Malformed]),
                };
                if let Some(found) = found {
                    return Err(broken(format!("the first {kept} of {length} bytes"), found));
                }
                cases += 1;
            }
        }
        Ok(cases)
    })
}

pub(super) fn flipped(subject: &CodecSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let whole = subject.sample("flipped", 300).await?;
        let length = whole.data.len();
        let mut sampler = subject.sampler("flipped bits");
        let mut cases = 0;
        let step = length.div_ceil(PLACES).max(1);
        for place in (0..length).step_by(step).chain([length - 1]) {
            let mut data = whole.data.to_vec();
            if let Some(byte) = data.get_mut(place) {
                *byte ^= 1 << sampler.below(8);
            }
            let answer = subject.decode(Payload { data: data.into(), ..whole.clone() }).await;
            if let Some(found) = subject.fault(&answer, &REFUSED) {
                return Err(broken(format!("a bit of byte {place} of {length}"), found));
            }
            cases += 1;
        }
        Ok(cases + flipped_metadata(subject, &whole).await?)
    })
}

/// Changes each entry of the metadata but the encoding, by which a codec is chosen at all. An entry that
/// says nothing may change, if the same payload comes back.
async fn flipped_metadata(subject: &CodecSubject, whole: &Payload) -> Checked {
    let honest = subject.decode(whole.clone()).await;
    let mut cases = 0;
    for (name, value) in whole.metadata.iter().filter(|(name, _)| *name != "encoding") {
        for change in [Change::Flip, Change::Empty, Change::Remove] {
            let mut changed = whole.clone();
            match change.of(value) {
                Some(value) => changed.metadata.insert(name.clone(), value),
                None => changed.metadata.remove(name),
            };
            let answer = subject.decode(changed).await;
            let is_same = matches!((&answer, &honest), (Ok(one), Ok(other)) if one == other);
            if !is_same && let Some(found) = subject.fault(&answer, &REFUSED) {
                return Err(broken(format!("metadata `{name}` {change:?}"), found));
            }
            cases += 1;
        }
    }
    Ok(cases)
}

/// Change of a metadata entry.
#[derive(Clone, Copy, Debug)]
enum Change {
    Flip,
    Empty,
    Remove,
}

impl Change {
    fn of(self, value: &Bytes) -> Option<Bytes> {
        match self {
            Self::Flip => {
                let mut value = value.to_vec();
                if let Some(first) = value.first_mut() {
                    *first ^= 1;
                }
                Some(value.into())
            }
            Self::Empty => Some(Bytes::new()),
            Self::Remove => None,
        }
    }
}

pub(super) fn swapped(subject: &CodecSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        subject.must_encrypt()?;
        let one = subject.sample("swapped", 600).await?;
        let other = subject.sample("swapped with", 600).await?;
        let length = one.data.len().min(other.data.len());
        let mut cases = 0;
        for cut in [length / 4, length / 2, length * 3 / 4, length.saturating_sub(16)] {
            for (first, second) in [(&one, &other), (&other, &one)] {
                let mut data = first.data.slice(..cut.min(first.data.len())).to_vec();
                data.extend_from_slice(&second.data.slice(cut.min(second.data.len())..));
                let joined = Payload { data: data.into(), ..first.clone() };
                let answer = subject.decode(joined).await;
                if let Some(found) = unless_refused(&answer, &REFUSED) {
                    let case = format!("the start of one and the end of another, joined at {cut}");
                    return Err(broken(case, found));
                }
                cases += 1;
            }
        }
        Ok(cases)
    })
}

pub(super) fn garbage(subject: &CodecSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let mut sampler = subject.sampler("garbage");
        let mut cases = 0;
        let named = subject.codec.description().encodings.iter();
        let named = named.map(|name| (name, Payload::new(name, Bytes::new())));
        let marks = subject.codec.metadata_names().iter();
        let marked = marks.map(|name| (name, plain(Bytes::new()).with_metadata(name, "1")));
        for (name, payload) in named.chain(marked) {
            for size in [1000, 70_000] {
                for (what, data) in [("noise", sampler.noise(size)), ("text", sampler.text(size))] {
                    let answer = subject.decode(Payload { data, ..payload.clone() }).await;
                    if let Some(found) = subject.fault(&answer, &REFUSED) {
                        let case = format!("{} of {what} as `{name}`", bytes(size));
                        return Err(broken(case, found));
                    }
                    cases += 1;
                }
            }
        }
        Ok(cases)
    })
}

pub(super) fn unknown_encoding(subject: &CodecSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let mut sampler = subject.sampler("unknown-encoding");
        let names = ["x-unknown/other", "json/plain", ""];
        for name in names {
            let answer = subject.decode(Payload::new(name, sampler.noise(1000))).await;
            if let Some(found) = subject.fault(&answer, &REFUSED) {
                return Err(broken(format!("encoding `{name}`"), found));
            }
        }
        let bare = Payload { data: sampler.noise(1000), ..Payload::default() };
        if let Err(error) = subject.decode(bare).await
            && !REFUSED.contains(&error.kind())
        {
            return Err(broken("no encoding", format!("it ended with {}", describe(&error))));
        }
        Ok(names.len() + 1)
    })
}
