//! `compile`: fills a cache folder, so that processes start without compiling.

use std::io::{self, IsTerminal as _, Write as _};

use cloakroom::plugin::CompiledPlugin;

use crate::{
    args::Compile,
    failure::Failure,
    payloads::opening,
    table::{table, thousands},
};

pub(crate) async fn run(args: &Compile) -> Result<(), Failure> {
    let plugins = opening(&args.config).plugins(args.into.as_deref())?;
    if plugins.host.cache_folder().is_none() {
        return Err(Failure::usage("there is no folder to compile into: give one with --into"));
    }
    let mut rows = vec![["plugin", "digest", "where", "bytes", ""].map(str::to_owned).to_vec()];
    let count = plugins.sources.len();
    for (index, source) in plugins.sources.iter().enumerate() {
        progress(&format!("{} of {count}: {}", index + 1, source.name()));
        rows.push(row(source.name(), &plugins.host.compile(source).await?));
    }
    Ok(io::stdout().lock().write_all(table(&rows).as_bytes())?)
}

fn row(name: &str, compiled: &CompiledPlugin) -> Vec<String> {
    let bytes = usize::try_from(compiled.bytes).unwrap_or(usize::MAX);
    vec![
        name.to_owned(),
        compiled.digest.to_string(),
        compiled.path.display().to_string(),
        thousands(bytes),
        if compiled.is_new { "compiled" } else { "was there" }.to_owned(),
    ]
}

/// Compiling takes seconds a plugin, and a person wants to see that something happens.
fn progress(line: &str) {
    let mut terminal = io::stderr().lock();
    if terminal.is_terminal() {
        // Where standard error is gone, nobody is watching.
        let _ = writeln!(terminal, "compiling {line}");
    }
}
