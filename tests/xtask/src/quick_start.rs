//! Times of the quick start: from an empty folder to a passing check, for each language.

use std::{
    env, fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};

use crate::{
    command_line,
    run::{root, run, say, target_dir},
};

/// Languages of the templates.
const LANGUAGES: [&str; 5] = ["rust", "typescript", "python", "c", "go"];

/// Writes, builds and checks a codec in each of these languages, or in all of them, and prints the times.
///
/// Each is done twice, in two empty folders: the first fills the caches of packages. The program compiles
/// each plugin again, because it gets a cache of its own each time.
pub(crate) fn measure(languages: &[&str]) -> Result<()> {
    let program = match env::var_os("CLOAKROOM") {
        Some(program) => program.into(),
        None => command_line::build()?,
    };
    let languages = if languages.is_empty() { &LANGUAGES[..] } else { languages };
    let mut rows =
        String::from("\n| language | caches as they were | caches warm |\n|---|---|---|\n");
    for language in languages {
        let times = [one(&program, language)?, one(&program, language)?];
        let [first, second] = times.map(|time| time.as_secs());
        rows.push_str(&format!("| {language} | {first} s | {second} s |\n"));
    }
    say(&rows);
    Ok(())
}

fn one(program: &Path, language: &str) -> Result<Duration> {
    let folder = target_dir()?.join("quick-start");
    if folder.exists() {
        fs::remove_dir_all(&folder).context("cannot remove the folder of the last run")?;
    }
    fs::create_dir_all(&folder).context("cannot make a folder")?;
    let cloakroom = folder.join("cloakroom.sh");
    write_program(&cloakroom, program, &folder.join("cache"))?;

    let plugin = folder.join("coat");
    let started = Instant::now();
    // In the checkout, where the SDK for Rust is found.
    let mut new = Command::new(&cloakroom);
    new.args(["new", "coat", "--kind", "codec", "--lang", language, "--path"]).arg(&plugin);
    run(new.current_dir(root()), &format!("cloakroom new coat --kind codec --lang {language}"))?;
    let mut check = Command::new(plugin.join("check.sh"));
    // The variables of the Cargo that runs this would reach a Cargo in the script.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        let is_cargo = text.starts_with("CARGO_") && text != "CARGO_HOME";
        if is_cargo || text.starts_with("RUST") && text != "RUSTUP_HOME" {
            check.env_remove(&name);
        }
    }
    run(check.env("CLOAKROOM", &cloakroom).current_dir(&plugin), "./check.sh")?;
    Ok(started.elapsed())
}

/// Writes a script that runs the program with a cache of its own. The variable is for it alone: pip and Go
/// keep their caches in that place too.
fn write_program(script: &Path, program: &Path, cache: &Path) -> Result<()> {
    let (cache, program) = (cache.display(), program.display());
    let text = format!("#!/bin/sh\nXDG_CACHE_HOME='{cache}' exec '{program}' \"$@\"\n");
    fs::write(script, text).context("cannot write a script")?;
    run(Command::new("chmod").arg("+x").arg(script), "chmod +x cloakroom.sh")
}
