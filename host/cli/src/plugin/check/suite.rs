//! Runs the suite of a plugin, with everything that it can be given.

use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::{Arc, Mutex, PoisonError},
};

use cloakroom::{
    ByteSize, Codec as _, Driver as _,
    plugin::{Host, Limits, Plugin, Reuse, Trace, TraceEvent},
};
use cloakroom_conformance::{CodecSuite, DriverSuite, Faults, Outcome, Report, Rule, WordSource};

use super::{cost, findings::Findings};
use crate::{
    failure::Failure,
    plugin::{
        args::Check,
        backends::{behind, can_fail},
        candidate::{Candidate, is_driver},
        made_up_key::MadeUpKey,
    },
};

/// Runs the suite, and measures what the plugin costs unless only some rules are asked for.
///
/// # Errors
/// Usage if the plugin does not load, or there is no such rule.
pub(super) async fn run(args: &Check, candidate: &Candidate) -> Result<Findings, Failure> {
    let trial = Trial::start(args, candidate).await?;
    check_names(&args.only, is_driver(&trial.plugin))?;
    let (what, report) =
        if is_driver(&trial.plugin) { trial.driver().await? } else { trial.codec().await? };
    let cost = if args.only.is_empty() && trial.unreachable.is_none() {
        progress("measuring");
        Some(cost::measure(candidate, &trial.host).await?)
    } else {
        None
    };
    progress("");
    let digest = trial.plugin.inspection().digest.to_string();
    let name = trial.plugin.name().to_owned();
    let backends = candidate.backends(&trial.plugin);
    Ok(Findings { name, digest, what, backends, report, cost })
}

/// Refuses names of rules that a suite does not have.
fn check_names(only: &[String], is_driver: bool) -> Result<(), Failure> {
    let rules: Vec<&'static Rule> =
        if is_driver { DriverSuite::rules().collect() } else { CodecSuite::rules().collect() };
    let known: Vec<_> = rules.iter().map(|rule| rule.id).collect();
    match only.iter().find(|name| !known.contains(&&***name)) {
        Some(name) => {
            let text = format!("no rule is called `{name}`; there are {}", known.join(", "));
            Err(Failure::usage(text))
        }
        None => Ok(()),
    }
}

/// A plugin that is tried.
struct Trial<'a> {
    args: &'a Check,
    candidate: &'a Candidate,
    host: Host,
    plugin: Plugin,
    faults: Faults,
    words: WordSource,
    /// Reason for which only rules about descriptions are tried, if there is one.
    unreachable: Option<String>,
}

impl<'a> Trial<'a> {
    async fn start(args: &'a Check, candidate: &'a Candidate) -> Result<Self, Failure> {
        progress("loading");
        let host = Candidate::host(candidate.limits.clone())?;
        let (trace, words) = word_recorder();
        let faults = Faults::default();
        let unreachable = candidate.unreachable(&host)?;
        let grants = match &unreachable {
            Some(_) => candidate.grants_without_server()?,
            None => candidate.grants(MadeUpKey::First)?,
        };
        let grants = behind(&faults, grants).with_trace(trace);
        let plugin = candidate.load(&host, grants).await?;
        Ok(Self { args, candidate, host, plugin, faults, words, unreachable })
    }

    async fn codec(&self) -> Result<(String, Report), Failure> {
        let Self { args, candidate, host, plugin, .. } = self;
        let codec = candidate.codec(plugin, Reuse::Fresh).await?;
        let what = format!("{:?}", codec.description().purpose).to_lowercase();
        let twin = candidate.codec(plugin, Reuse::Fresh).await?;
        let tight = self.load_tight().await?;
        let tight = candidate.codec(&tight, Reuse::Fresh).await?;
        let mut suite = CodecSuite::new(Arc::new(codec))
            .with_twin(Arc::new(twin))
            .with_tight_limits(Arc::new(tight))
            .with_words(self.words.clone())
            .with_seed(args.seed)
            .with_largest(args.largest)
            .with_progress(show);
        if candidate.has_made_up_keys() {
            let other = self.load_with(host, MadeUpKey::Other).await?;
            let renamed = self.load_with(host, MadeUpKey::Renamed).await?;
            suite = suite
                .with_other_key(Arc::new(candidate.codec(&other, Reuse::Fresh).await?))
                .with_missing_key(Arc::new(candidate.codec(&renamed, Reuse::Fresh).await?));
        }
        if let Some(reason) = &self.unreachable {
            suite = suite.with_unreachable(reason);
        }
        // The setting of the bundled ciphers, which others may have as well.
        if candidate.settings.get("repeatable") == Some("true") {
            suite = suite.with_repeatable();
        }
        let suite = args.only.iter().fold(suite, |suite, rule| suite.with_only(rule));
        Ok((what, suite.run().await))
    }

    async fn driver(&self) -> Result<(String, Report), Failure> {
        let Self { args, candidate, plugin, .. } = self;
        let driver = candidate.driver(plugin, Reuse::Fresh).await?;
        let what = driver.kind().to_owned();
        let twin = candidate.driver(plugin, Reuse::Fresh).await?;
        let tight = self.load_tight().await?;
        let tight = candidate.driver(&tight, Reuse::Fresh).await?;
        let mut suite = DriverSuite::new(Arc::new(driver))
            .with_twin(Arc::new(twin))
            .with_tight_limits(Arc::new(tight))
            .with_words(self.words.clone())
            .with_seed(args.seed)
            .with_largest(args.largest)
            .with_progress(show);
        if can_fail(&plugin.inspection().imports) {
            suite = suite.with_faults(self.faults.clone());
        }
        if args.claims_differ {
            suite = suite.with_differing_claims();
        }
        if let Some(reason) = &self.unreachable {
            suite = suite.with_unreachable(reason);
        }
        let suite = args.only.iter().fold(suite, |suite, rule| suite.with_only(rule));
        Ok((what, suite.run().await))
    }

    /// Loads the plugin into a host whose limits an input of 4 MiB exceeds.
    async fn load_tight(&self) -> Result<Plugin, Failure> {
        let limits = &self.candidate.limits;
        let (output, held) = (ByteSize::mib(1), ByteSize::mib(6));
        // Other limits as they are: a runtime of its language may need most of the memory to start.
        let host = Candidate::host(Limits { output, held, ..limits.clone() })?;
        self.load_with(&host, MadeUpKey::First).await
    }

    async fn load_with(&self, host: &Host, key: MadeUpKey) -> Result<Plugin, Failure> {
        let grants = match &self.unreachable {
            Some(_) => self.candidate.grants_without_server()?,
            None => self.candidate.grants(key)?,
        };
        self.candidate.load(host, behind(&self.faults, grants)).await
    }
}

/// Returns a trace that records the plugin's words, and their source for the suite.
fn word_recorder() -> (Trace, WordSource) {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let written = lines.clone();
    let trace = Trace::new(move |event| {
        if let TraceEvent::Line { text, .. } = event {
            written.lock().unwrap_or_else(PoisonError::into_inner).push(text);
        }
    });
    let take = move || std::mem::take(&mut *lines.lock().unwrap_or_else(PoisonError::into_inner));
    (trace, Arc::new(take))
}

/// Shows which rule is tried.
fn show(rule: &'static Rule, outcome: Option<&Outcome>) {
    if outcome.is_none() {
        progress(rule.id);
    }
}

/// Shows on a terminal what is done, in one line. Nothing clears the line.
fn progress(what: &str) {
    let mut terminal = io::stderr().lock();
    if terminal.is_terminal() {
        // A failed write means that nobody is watching.
        let _ = write!(terminal, "\r\x1b[K{what}");
        let _ = terminal.flush();
    }
}
