//! Rule about what a codec writes for people.

use cloakroom_core::{Error, Payload};
use futures::future::BoxFuture;

use super::subject::CodecSubject;
use crate::{
    canary::Canaries,
    sample::plain,
    verdict::{Checked, broken, not_run},
};

pub(super) fn quiet(subject: &CodecSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let Some(words) = &subject.options.words else {
            return Err(not_run("the codec's log is not recorded"));
        };
        let mut sampler = subject.sampler("words");
        // Text: what a plugin logs is text, and other bytes would be replaced on the way.
        let (body, value) = (sampler.text(400), sampler.text(60));
        let payload = plain(body.clone()).with_metadata("note", value.clone());
        words();
        let mut errors = Vec::new();
        let encoded = keep(subject.encode(&payload).await, &mut errors).flatten();
        if let Some(encoded) = encoded {
            keep(subject.decode(encoded.clone()).await, &mut errors);
            let half = encoded.data.len() / 2;
            let cut = Payload { data: encoded.data.slice(..half), ..encoded };
            keep(subject.decode(cut).await, &mut errors);
        }
        for encoding in &subject.codec.description().encodings {
            // Plaintext behind the codec's own label: an error that quotes its input shows it.
            let posing = payload.clone().with_metadata("encoding", encoding.clone());
            keep(subject.decode(posing).await, &mut errors);
        }
        let canaries = Canaries::new([&*body, &*value]);
        let lines = words();
        if lines.iter().any(|line| canaries.are_in(line.as_bytes())) {
            return Err(broken("its log", "a line has bytes of the payload in it"));
        }
        if errors.iter().any(|error| canaries.are_in(error.as_bytes())) {
            return Err(broken("its errors", "a text has bytes of the payload in it"));
        }
        Ok(lines.len() + errors.len())
    })
}

/// Returns the answer, or keeps the error's text.
fn keep<T>(answer: Result<T, Error>, errors: &mut Vec<String>) -> Option<T> {
    answer.map_err(|error| errors.push(error.report())).ok()
}
