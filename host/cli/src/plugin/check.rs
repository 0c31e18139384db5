//! Command `plugin check`: tries a plugin against the rules of the conformance suite.

mod cost;
mod findings;
mod junit;
mod suite;
mod text;

use std::{
    fs,
    io::{self, Write as _},
};

use super::{args::Check, candidate::Candidate};
use crate::failure::Failure;

pub(crate) async fn run(args: &Check) -> Result<(), Failure> {
    let candidate = Candidate::read(&args.plugin).await?;
    let findings = suite::run(args, &candidate).await?;
    let repeat = |rule: &str| repeat_command(args, rule);
    let out =
        if args.json { text::json(&findings, &repeat) } else { text::table(&findings, &repeat) };
    io::stdout().lock().write_all(out.as_bytes())?;
    if let Some(path) = &args.junit {
        let xml = junit::xml(&findings, &repeat);
        fs::write(path, xml)
            .map_err(|error| Failure::io(error, format!("cannot write {}", path.display())))?;
    }
    let broken = findings.report.failed_ids();
    if broken.is_empty() {
        return Ok(());
    }
    let text = format!("{} breaks {} rules: {}", findings.name, broken.len(), broken.join(", "));
    Err(Failure::operation(text))
}

/// Returns the command that repeats one rule.
fn repeat_command(args: &Check, rule: &str) -> String {
    let mut command = format!("cloakroom plugin check {}", quoted(&args.plugin.plugin));
    for (name, value) in &args.plugin.settings {
        command.push_str(&format!(" --set {}", quoted(&format!("{name}={value}"))));
    }
    if let Some(config) = &args.plugin.config {
        command.push_str(&format!(" --config {}", quoted(&config.display().to_string())));
    }
    if args.claims_differ {
        command.push_str(" --claims-differ");
    }
    if args.largest != cloakroom_conformance::DEFAULT_LARGEST {
        command.push_str(&format!(" --largest {}", args.largest));
    }
    command + &format!(" --only {rule} --seed {}", args.seed)
}

/// Returns a word for a shell.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}
