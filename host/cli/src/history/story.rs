//! The story of a run: what each of its payloads is.

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

/// Payloads that are opened at once, and so in memory: as many as a call of the pipeline may fetch.
const AT_ONCE: usize = 8;

/// Events that are read ahead.
const AHEAD: usize = 4;

/// Facts that the history of a run states.
#[derive(Default)]
pub(crate) struct Story {
    pub(crate) run: Run,
    pub(crate) events: usize,
    /// The highest id of an event: as many events the run has had.
    pub(crate) last_event: i64,
    pub(crate) lines: Vec<Line>,
}

/// A payload at its place in a history.
pub(crate) struct Line {
    pub(crate) event: i64,
    pub(crate) kind: String,
    pub(crate) field: String,
    pub(crate) finding: Arc<Finding>,
}

/// What a payload is. Equal payloads of a history share it.
pub(crate) struct Finding {
    /// Bytes of its message as the history has it.
    pub(crate) bytes: usize,
    /// Bytes of its message without Cloakroom, as far as it could be opened.
    pub(crate) decoded: Option<usize>,
    /// None for a search attribute, which no codec touches.
    pub(crate) explanation: Option<Explanation>,
    /// Of what is innermost. It would confirm a guess of the content, so it is never shown.
    pub(crate) content: Digest,
}

/// The outcome of one payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It was opened, or needs not.
    Open,
    /// It is stored, and its store was not asked.
    NotAsked,
    /// It is stored, and its object is not there.
    Missing,
    /// It cannot be opened here.
    Unreadable,
}

impl Finding {
    pub(crate) fn state(&self) -> State {
        let explanation = self.explanation.as_ref();
        let trouble = explanation.and_then(|explanation| explanation.trouble.as_ref());
        let stored = explanation.and_then(|explanation| explanation.stored.as_ref());
        // A key may be missing too, after the object was found.
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
    /// Returns the story of the history in a file. A few events are in memory at a time, and as many
    /// payloads as are opened at once.
    ///
    /// # Errors
    /// If the file is no history, or one whose payloads are not as the server holds them.
    pub(crate) async fn story(&self, file: &Path) -> Result<Story, Failure> {
        let (events, mut read) = mpsc::channel(AHEAD);
        let text = open(file)?;
        let reading = tokio::task::spawn_blocking(move || {
            read::events(text, |event| events.blocking_send(Event::read(event)).is_ok())
        });
        let mut collector = Collector::default();
        let mut story = Story::default();
        while let Some(event) = read.recv().await {
            let Event { id, kind, run, payloads } = event?;
            story.events += 1;
            story.last_event = story.last_event.max(id);
            if let Some(run) = run {
                story.run = run;
            }
            for EventPayload { field, search_attribute, payload } in payloads {
                let number = collector.begin(self, search_attribute, payload).await?;
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

/// Findings as they are made, and the places of their payloads.
#[derive(Default)]
struct Collector {
    tasks: JoinSet<(usize, Finding)>,
    /// Which payload was seen where.
    known: HashMap<(bool, Digest), usize>,
    findings: HashMap<usize, Arc<Finding>>,
    places: Vec<(i64, String, String, usize)>,
}

impl Collector {
    /// Begins to explain a payload, unless an equal one was begun, and returns its number.
    async fn begin(
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
        while self.tasks.len() >= AT_ONCE {
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
    Digest::of(&payload.envelope().to_bytes())
}

fn open(file: &Path) -> Result<Box<dyn io::Read + Send>, Failure> {
    if file == Path::new("-") {
        return Ok(Box::new(io::BufReader::new(io::stdin())));
    }
    let opened = File::open(file).map_err(|error| {
        Failure::usage(format!("cannot read the history `{}`: {error}", file.display()))
    })?;
    Ok(Box::new(io::BufReader::new(opened)))
}
