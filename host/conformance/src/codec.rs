//! Suite of codecs.

mod damage;
mod describe;
mod limits;
mod return_trip;
mod secrecy;
mod subject;
mod words;

use std::sync::Arc;

use cloakroom_core::Codec;

use self::subject::CodecSubject;
use crate::{
    Report, Rule, Subject,
    options::{Options, WordSource, option_methods},
    runner::{self, Entry},
};

/// Suite of a codec.
///
/// The codec alone is enough for most rules. The others need relatives of it, and are not run without.
#[must_use = "a suite does nothing before `run`"]
pub struct CodecSuite {
    subject: CodecSubject,
    options: Options,
}

impl CodecSuite {
    /// Returns the suite of a codec.
    pub fn new(codec: Arc<dyn Codec>) -> Self {
        Self { subject: CodecSubject::new(codec), options: Options::default() }
    }

    /// Adds the same codec, made anew with the same settings and keys.
    pub fn with_twin(mut self, codec: Arc<dyn Codec>) -> Self {
        self.subject.twin = Some(codec);
        self
    }

    /// Adds the same codec with other keys of the same names.
    pub fn with_other_key(mut self, codec: Arc<dyn Codec>) -> Self {
        self.subject.other_key = Some(codec);
        self
    }

    /// Adds the same codec with keys of other names.
    pub fn with_missing_key(mut self, codec: Arc<dyn Codec>) -> Self {
        self.subject.missing_key = Some(codec);
        self
    }

    /// Adds the same codec within limits that an input of 4 MiB exceeds.
    pub fn with_tight_limits(mut self, codec: Arc<dyn Codec>) -> Self {
        self.subject.tight = Some(codec);
        self
    }

    /// Says that the codec is set to encrypt equal payloads to equal bytes.
    pub fn with_repeatable(mut self) -> Self {
        self.subject.is_repeatable = true;
        self
    }

    /// Adds the source of what the codec writes into its log.
    pub fn with_words(mut self, words: WordSource) -> Self {
        self.options.words = Some(words);
        self
    }

    option_methods!();

    /// Returns the rules of the suite.
    pub fn rules() -> impl Iterator<Item = &'static Rule> {
        RULES.iter().map(|entry| &entry.rule)
    }

    /// Tries the rules.
    pub async fn run(mut self) -> Report {
        self.subject.options = self.options.clone();
        runner::run(&self.subject, RULES, &self.options).await
    }
}

const fn rule(
    id: &'static str,
    title: &'static str,
    reason: &'static str,
    check: runner::Check<CodecSubject>,
) -> Entry<CodecSubject> {
    Entry::new(Subject::Codec, id, title, reason, check)
}

static RULES: &[Entry<CodecSubject>] = &[
    rule(
        "description",
        "names each of its encodings once, and none that workflow engines use for plain payloads",
        "decoding would be offered payloads that the codec never wrote, or none at all",
        describe::encodings,
    ),
    rule(
        "description-stable",
        "describes itself in the same way each time",
        "a payload that is written under one description cannot be decoded under the next",
        describe::stable,
    ),
    rule(
        "declared",
        "writes only encodings that it named",
        "no stage would decode the payload again",
        describe::declared,
    ),
    rule(
        "round-trip",
        "gives back what it was given: 0 bytes, 1 byte, and around a chunk of 64 KiB",
        "a workflow continues with other data than it sent",
        return_trip::sizes,
    ),
    rule(
        "large",
        "gives back the largest payload, or refuses it as too large",
        "large payloads fail in production and not in tests",
        return_trip::large,
    ),
    rule(
        "metadata",
        "keeps metadata: none, many entries, large values, odd names, values that are not UTF-8",
        "data converters lose what they need to read the payload",
        return_trip::metadata,
    ),
    rule(
        "own-encoding",
        "encodes payloads with its own encoding once more, whether they are its work or say so",
        "decoding would take off a layer that encoding has not put on",
        return_trip::own_encoding,
    ),
    rule(
        "unknown-encoding",
        "refuses to decode an encoding that it did not name, and never traps",
        "a trap ends the instance, and its error does not name the cause",
        damage::unknown_encoding,
    ),
    rule(
        "fresh",
        "never encrypts equal payloads to equal bytes, unless it is set to",
        "whoever sees two payloads learns that they are equal, and repeated nonces expose plaintext",
        secrecy::fresh,
    ),
    rule(
        "plaintext",
        "leaves nothing of the plaintext in what it encrypted",
        "the plaintext is in workflow histories and backups",
        secrecy::plaintext,
    ),
    rule(
        "truncated",
        "refuses input that was cut short as malformed",
        "a workflow continues with half of its data",
        damage::truncated,
    ),
    rule(
        "flipped",
        "refuses encrypted input with a changed bit, and never traps",
        "who can write to a history can change what a workflow reads",
        damage::flipped,
    ),
    rule(
        "swapped",
        "refuses input that is put together from two encrypted payloads",
        "who can write to a history can move data from one payload to another",
        damage::swapped,
    ),
    rule(
        "garbage",
        "refuses input that it cannot have written",
        "a trap ends the instance, and its error does not name the cause",
        damage::garbage,
    ),
    rule(
        "wrong-key",
        "opens nothing without the right key",
        "the codec does not use the keys that it was granted",
        secrecy::wrong_key,
    ),
    rule(
        "limits",
        "ends with the limit's error where a limit is reached, and works afterwards",
        "an operator cannot tell a limit from a bug",
        limits::tight,
    ),
    rule(
        "words",
        "writes nothing of a payload into its log or its errors",
        "logs are read by people who may not read payloads",
        words::quiet,
    ),
];
