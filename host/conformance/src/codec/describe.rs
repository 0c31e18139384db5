//! Rules about descriptions.

use std::collections::BTreeSet;

use futures::future::BoxFuture;

use super::subject::CodecSubject;
use crate::{
    sample::plain,
    verdict::{Checked, broken, not_run},
};

/// Encodings of payloads that nothing has encoded.
const PLAIN: [&str; 5] =
    ["binary/null", "binary/plain", "json/plain", "json/protobuf", "binary/protobuf"];

/// Longest name of an encoding.
const LONGEST: usize = 128;

pub(super) fn encodings(subject: &CodecSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let names = &subject.codec.description().encodings;
        let mut known = BTreeSet::new();
        for name in names {
            let case = format!("encoding `{name}`");
            if name.is_empty()
                || name.len() > LONGEST
                || !name.bytes().all(|byte| byte.is_ascii_graphic())
            {
                return Err(broken(case, "it is not 1 to 128 visible ASCII characters"));
            }
            if PLAIN.contains(&&**name) {
                return Err(broken(case, "workflow engines use it for payloads in plaintext"));
            }
            if !known.insert(name) {
                return Err(broken(case, "it is named twice"));
            }
        }
        if names.is_empty() && subject.codec.metadata_names().is_empty() {
            return Err(broken("the description", "it names no encoding"));
        }
        Ok(names.len())
    })
}

pub(super) fn stable(subject: &CodecSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let Some(twin) = &subject.twin else {
            return Err(not_run("there is no second codec with the same settings"));
        };
        let (first, second) = (subject.codec.description(), twin.description());
        if first.purpose != second.purpose {
            return Err(broken("the second description", "its purpose is another"));
        }
        if first.encodings != second.encodings {
            return Err(broken("the second description", "its encodings are others"));
        }
        Ok(1)
    })
}

pub(super) fn declared(subject: &CodecSubject) -> BoxFuture<'_, Checked> {
    Box::pin(async move {
        let names = &subject.codec.description().encodings;
        let body = subject.sampler("declared").text(1000);
        for encoding in PLAIN {
            let case = format!("a payload of `{encoding}`");
            let payload = plain(body.clone()).with_metadata("encoding", encoding);
            let Some(encoded) = subject.encoded(&case, &payload).await? else {
                continue;
            };
            // The name is not shown: it may hold bytes of the payload.
            let is_named = |name: &str| names.iter().any(|known| known == name);
            let marks = subject.codec.metadata_names();
            let is_marked = marks.iter().any(|name| encoded.metadata.contains_key(name));
            if !is_marked && !encoded.encoding().is_some_and(is_named) {
                return Err(broken(case, "it was written with an encoding that is not named"));
            }
        }
        Ok(PLAIN.len())
    })
}
