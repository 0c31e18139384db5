//! Command `lock`: pins the plugins of a configuration.

use std::{
    io::{self, Write as _},
    path::PathBuf,
};

use cloakroom::registry::{Difference, LockPlan, LockedPlugin};
use serde_json::{Value, json};

use crate::{
    failure::Failure,
    open::builder,
    table::{printable, words},
};

/// Shown by `cloakroom lock --help`.
pub(crate) const HELP: &str = "\
Writes the digest of each plugin into the configuration, and what was accepted
of it into the lock file beside it: digest, world, imports and encodings. A
server then loads these plugins and no others. A plugin that asks for more than
was accepted is refused, until the configuration grants it or --accept is given.
Comments and order of the configuration stay.

Examples:
  cloakroom lock --config cloakroom.toml            pin new plugins
  cloakroom lock --config cloakroom.toml --update   take what tags stand for now
  cloakroom lock --config cloakroom.toml --check    for CI: change nothing
  cloakroom lock --config cloakroom.toml --json     for scripts: plugins and differences

Exit status: 0 everything is pinned, 1 something asks for more, --check found
something to pin, or a registry does not answer, 2 usage or configuration is
wrong, or a plugin is refused.";

#[derive(Debug, clap::Args)]
pub(crate) struct Lock {
    /// Configuration file
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Take the digests that tags stand for now
    #[arg(long)]
    update: bool,
    /// Accept plugins that ask for more
    #[arg(long, conflicts_with = "check")]
    accept: bool,
    /// Write nothing, and fail if there is something to write
    #[arg(long)]
    check: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) async fn run(args: &Lock) -> Result<(), Failure> {
    let plan = builder(&args.config).lock(args.update).await?;
    let text = if args.json { format!("{:#}\n", as_json(&plan)?) } else { as_text(&plan) };
    io::stdout().lock().write_all(text.as_bytes())?;
    if !plan.is_granted() && !args.accept {
        return Err(Failure::operation(
            "a plugin asks for more than was accepted: grant it in the configuration, or accept it with \
             --accept; nothing was written",
        ));
    }
    if !args.check {
        return Ok(plan.write()?);
    }
    if plan.is_current()? {
        return Ok(());
    }
    Err(Failure::operation(
        "the configuration and its lock file are not up to date: run `cloakroom lock`",
    ))
}

fn as_text(plan: &LockPlan) -> String {
    let mut text = words(&plan.plugins().iter().map(plugin_row).collect::<Vec<_>>());
    if !plan.differences().is_empty() {
        text.push_str("\nMore than was accepted:\n");
        text.push_str(&differences(plan));
    }
    text
}

fn plugin_row(plugin: &LockedPlugin) -> Vec<String> {
    let version = match (&plugin.name, &plugin.version) {
        (Some(name), Some(version)) if plugin.signed => format!("signed as {name} {version}"),
        (Some(name), Some(version)) => {
            format!("calls itself {name} {version}, no signature checked")
        }
        _ => "no signature checked".to_owned(),
    };
    let digest = plugin.manifest.as_ref().unwrap_or(&plugin.digest);
    vec![printable(&plugin.plugin), digest.clone(), plugin.world.clone(), version]
}

fn differences(plan: &LockPlan) -> String {
    let row = |one: &Difference| {
        let change = match (&*one.before, &*one.now) {
            ("", now) => format!("+ {now}"),
            (before, "") => format!("- {before}"),
            (before, now) => format!("{before} -> {now}"),
        };
        let state = match (one.is_granted, &*one.grant) {
            (true, grant) => format!("granted by {grant}"),
            (false, "") => "to accept".to_owned(),
            (false, grant) => format!("needs {grant}"),
        };
        let name = one.plugin.rsplit('/').next().unwrap_or_default();
        vec![printable(name), one.kind.to_owned(), printable(&change), state]
    };
    words(&plan.differences().iter().map(row).collect::<Vec<_>>())
}

/// Returns the plan before it is written. Names and texts of plugins are bounded and clean.
fn as_json(plan: &LockPlan) -> Result<Value, Failure> {
    let plugin = |plugin: &LockedPlugin| {
        json!({
            "plugin": plugin.plugin,
            "digest": plugin.digest,
            "manifest": plugin.manifest,
            "name": plugin.name,
            "version": plugin.version,
            "isSigned": plugin.signed,
            "world": plugin.world,
            "encodings": plugin.encodings,
            "imports": plugin.imports,
        })
    };
    let difference = |one: &Difference| {
        json!({
            "plugin": one.plugin,
            "kind": one.kind,
            "before": one.before,
            "now": one.now,
            "grant": one.grant,
            "isGranted": one.is_granted,
        })
    };
    Ok(json!({
        "isCurrent": plan.is_current()?,
        "isGranted": plan.is_granted(),
        "plugins": plan.plugins().iter().map(plugin).collect::<Vec<_>>(),
        "differences": plan.differences().iter().map(difference).collect::<Vec<_>>(),
    }))
}
