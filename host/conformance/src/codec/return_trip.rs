//! Rules about payloads that must come back as they were.

use bytes::Bytes;
use cloakroom_core::{ErrorKind, Limit, Payload};
use futures::future::BoxFuture;

use super::subject::CodecSubject;
use crate::{
    sample::{CHUNK, bytes, plain},
    verdict::{Checked, broken, describe, size_advice},
};

pub(super) fn sizes(subject: &CodecSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let mut sampler = subject.sampler("round-trip");
        let mut cases = 0;
        for size in [0, 1, 2, 1000, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 17] {
            for (what, body) in [
                ("text", sampler.text(size)),
                ("noise", sampler.noise(size)),
                ("zeros", vec![0; size].into()),
            ] {
                let case = format!("{} of {what}", bytes(size));
                subject.returns(&case, &plain(body)).await?;
                cases += 1;
            }
        }
        Ok(cases)
    })
}

pub(super) fn large(subject: &CodecSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let mut sampler = subject.sampler("large");
        let size = subject.options.largest.as_usize();
        // Half of it compresses: a codec that looks at the start to decide meets the other half too.
        let mut body = sampler.text(size / 2).to_vec();
        body.extend_from_slice(&sampler.noise(size - size / 2));
        let (case, payload) = (bytes(size), plain(body));
        match subject.encode(&payload).await {
            Ok(None) => Ok(1),
            Ok(Some(encoded)) => {
                subject.decodes_to_with(&case, encoded, &payload, size_advice).await?;
                Ok(1)
            }
            // Only the codec's own refusal: a limit of the host at this size would come as a surprise.
            Err(error) if error.kind() == ErrorKind::LimitExceeded(Limit::Payload) => Ok(1),
            Err(error) => {
                let (error, advice) = (describe(&error), size_advice(&error));
                Err(broken(case, format!("encoding ended with {error}{advice}")))
            }
        }
    })
}

pub(super) fn metadata(subject: &CodecSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let mut sampler = subject.sampler("metadata");
        let bare = Payload { data: sampler.text(1000), ..Payload::default() };
        let many = (0..200).fold(bare.clone(), |payload, number| {
            payload.with_metadata(&format!("name-{number}"), sampler.noise(20))
        });
        let payloads = [
            ("no metadata", bare.clone()),
            ("no metadata and no body", Payload::default()),
            ("an empty value", bare.clone().with_metadata("messageType", Bytes::new())),
            ("a value of 256 KiB", bare.clone().with_metadata("large", sampler.text(256 << 10))),
            ("200 entries", many),
            (
                "a value that is not UTF-8",
                bare.clone().with_metadata("raw", &b"\xff\xfe\0\x80"[..]),
            ),
            (
                "an encoding that is not UTF-8",
                bare.clone().with_metadata("encoding", &b"\xff\xfe"[..]),
            ),
            ("an empty name", bare.clone().with_metadata("", "value")),
            ("a name that is not ASCII", bare.clone().with_metadata("größe \u{1F9E5}", "value")),
            ("an encoding that nobody knows", bare.with_metadata("encoding", "x-unknown/other")),
        ];
        for (case, payload) in &payloads {
            subject.returns(case, payload).await?;
        }
        Ok(payloads.len())
    })
}

pub(super) fn own_encoding(subject: &CodecSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let plain = plain(subject.sampler("own-encoding").text(3000));
        let mut cases = 0;
        if let Some(once) = subject.encoded("a payload", &plain).await? {
            let case = "a payload that was encoded before";
            let Some(twice) = subject.encoded(case, &once).await? else {
                return Err(broken(case, "it was left as it is"));
            };
            subject.decodes_to(case, twice, &once).await?;
            subject.decodes_to("the same after one decoding", once, &plain).await?;
            cases += 2;
        }
        let named = subject.codec.description().encodings.iter().map(|encoding| {
            let payload = plain.clone().with_metadata("encoding", encoding.clone());
            (format!("plain text that calls itself `{encoding}`"), payload)
        });
        let marked = subject.codec.metadata_names().iter().map(|name| {
            (format!("plain text with the entry `{name}`"), plain.clone().with_metadata(name, "1"))
        });
        for (case, payload) in named.chain(marked) {
            let Some(encoded) = subject.encoded(&case, &payload).await? else {
                return Err(broken(case, "it was left as it is"));
            };
            subject.decodes_to(&case, encoded, &payload).await?;
            cases += 1;
        }
        Ok(cases)
    })
}
