//! Explains each payload of a history.

use std::{collections::HashMap, fs::File, io, path::Path, sync::Arc};

use cloakroom::{
    Context, ErrorKind, Payload, Pipeline,
    inspect::{Explanation, Fetch},
    plugin::Digest,
};
use tokio::{sync::mpsc, task::JoinSet};

use crate::{
    failure::Failure,
    history::{
        event::{Event, EventPayload, Run},
        read,
    },
};

/// Payloads that are opened concurrently, and so in memory.
const CONCURRENCY: usize = 8;

/// Events that are read ahead.
const READ_AHEAD: usize = 4;

/// Explained history of a run.
#[derive(Default)]
pub(crate) struct Story {
    pub(crate) run: Run,
    pub(crate) events: usize,
    /// Highest event id, which is the number of events of the run.
    pub(crate) last_event: i64,
    pub(crate) lines: Vec<Line>,
}

/// Payload at its place in a history.
pub(crate) struct Line {
    pub(crate) event: i64,
    pub(crate) kind: String,
    pub(crate) field: String,
    pub(crate) finding: Arc<Finding>,
}

/// Explanation of a payload. Equal payloads of a history share it.
pub(crate) struct Finding {
    /// Size of its message in the history.
    pub(crate) bytes: usize,
    /// Size of its message without Cloakroom, if it could be opened.
    pub(crate) decoded: Option<usize>,
    /// `None` for a search attribute, which no codec changes.
    pub(crate) explanation: Option<Explanation>,
    /// Digest of the innermost payload. Never shown: it would confirm a guess of the content.
    pub(crate) content: Digest,
}

/// Outcome for one payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Opened, or never encoded.
    Open,
    /// Stored, and not read because of --offline.
    NotAsked,
    /// Stored, but its object does not exist.
    Missing,
    /// Cannot be opened here.
    Unreadable,
}

impl Finding {
    /// Returns the outcome.
    pub(crate) fn state(&self) -> State {
        let explanation = self.explanation.as_ref();
        let trouble = explanation.and_then(|explanation| explanation.trouble.as_ref());
        let stored = explanation.and_then(|explanation| explanation.stored.as_ref());
        // `NotFound` may also mean a key, after the object was read.
        let no_object = stored.is_some_and(|stored| !stored.verified);
        match (trouble.map(cloakroom::Error::kind), self.decoded) {
            (Some(ErrorKind::NotFound), _) if no_object => State::Missing,
            (Some(_), _) => State::Unreadable,
            (None, Some(_)) => State::Open,
            (None, None) => State::NotAsked,
        }
    }
}

/// Explains the payloads of a history.
#[derive(Clone)]
pub(crate) struct Explainer {
    pub(crate) pipeline: Pipeline,
    pub(crate) ctx: Context,
    pub(crate) fetch: Fetch,
}

impl Explainer {
    /// Reads and explains the history in a file, with a few events and payloads in memory at a
    /// time.
    ///
    /// # Errors
    /// If the file is not an undecoded history.
    pub(crate) async fn read_story(&self, file: &Path) -> Result<Story, Failure> {
        let (events, mut read) = mpsc::channel(READ_AHEAD);
        let text = open(file)?;
        // A history may be larger than memory. The channel is bounded, so the reader waits for the
        // explanations.
        let reading = tokio::task::spawn_blocking(move || {
            read::events(text, |event| events.blocking_send(Event::parse(event)).is_ok())
        });
        let mut collector = Collector::default();
        let mut story = Story::default();
        while let Some(event) = read.recv().await {
            let Event { id, kind, run, time: _, payloads } = event?;
            story.events += 1;
            story.last_event = story.last_event.max(id);
            if let Some(run) = run {
                story.run = run;
            }
            for EventPayload { field, search_attribute, payload } in payloads {
                let number = collector.start(self, search_attribute, payload).await?;
                collector.places.push((id, kind.clone(), field, number));
            }
        }
        reading.await.map_err(Failure::operation)??;
        story.lines = collector.finish().await?;
        Ok(story)
    }

    async fn explain_one(&self, payload: Payload) -> Finding {
        let bytes = payload.encoded_len();
        let explained = self.pipeline.explain_opened(&self.ctx, payload.clone(), self.fetch);
        let (explanation, innermost) = explained.await;
        Finding {
            bytes,
            decoded: innermost.as_ref().map(Payload::encoded_len),
            explanation: Some(explanation),
            content: digest(&innermost.unwrap_or(payload)),
        }
    }
}

/// Collects findings, and the places of their payloads.
#[derive(Default)]
struct Collector {
    tasks: JoinSet<(usize, Finding)>,
    /// Numbers of the payloads seen so far. Equal ones are explained once.
    known: HashMap<(bool, Digest), usize>,
    findings: HashMap<usize, Arc<Finding>>,
    places: Vec<(i64, String, String, usize)>,
}

impl Collector {
    /// Starts to explain a payload, unless an equal one was started before. Returns its number.
    async fn start(
        &mut self,
        explainer: &Explainer,
        search_attribute: bool,
        payload: Payload,
    ) -> Result<usize, Failure> {
        let digest = digest(&payload);
        let number = self.known.len();
        if let Some(known) = self.known.get(&(search_attribute, digest)) {
            return Ok(*known);
        }
        self.known.insert((search_attribute, digest), number);
        if search_attribute {
            let bytes = payload.encoded_len();
            let finding =
                Finding { bytes, decoded: Some(bytes), explanation: None, content: digest };
            self.findings.insert(number, Arc::new(finding));
            return Ok(number);
        }
        while self.tasks.len() >= CONCURRENCY {
            self.join().await?;
        }
        let explainer = explainer.clone();
        self.tasks.spawn(async move { (number, explainer.explain_one(payload).await) });
        Ok(number)
    }

    async fn join(&mut self) -> Result<bool, Failure> {
        let Some(joined) = self.tasks.join_next().await else {
            return Ok(false);
        };
        let (number, finding) = joined.map_err(Failure::operation)?;
        self.findings.insert(number, Arc::new(finding));
        Ok(true)
    }

    async fn finish(mut self) -> Result<Vec<Line>, Failure> {
        while self.join().await? {}
        let findings = self.findings;
        let line = |(event, kind, field, number)| {
            Some(Line { event, kind, field, finding: findings.get(&number)?.clone() })
        };
        Ok(self.places.into_iter().filter_map(line).collect())
    }
}

fn digest(payload: &Payload) -> Digest {
    Digest::sha256(&payload.envelope().to_bytes())
}

/// Opens a history, or standard input for `-`.
///
/// # Errors
/// If the file cannot be read.
pub(crate) fn open(file: &Path) -> Result<Box<dyn io::Read + Send>, Failure> {
    if file == Path::new("-") {
        return Ok(Box::new(io::BufReader::new(io::stdin())));
    }
    let opened = File::open(file).map_err(|error| {
        Failure::usage(format!("cannot read the history `{}`: {error}", file.display()))
    })?;
    Ok(Box::new(io::BufReader::new(opened)))
}
