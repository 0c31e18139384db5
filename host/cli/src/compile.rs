//! Command `compile`: compiles plugins into a folder in advance.

use std::io::{self, IsTerminal as _, Write as _};

use cloakroom::plugin::CompiledPlugin;

use crate::{
    args::Compile,
    failure::Failure,
    open::builder,
    table::{table, thousands},
};

pub(crate) async fn run(args: &Compile) -> Result<(), Failure> {
    let plugins = builder(&args.config).plugins(args.into.as_deref())?;
    if plugins.host.cache_folder().is_none() {
        return Err(Failure::usage("no folder to compile into: set one with --into"));
    }
    let mut rows = vec![["plugin", "digest", "where", "bytes", ""].map(str::to_owned).to_vec()];
    let count = plugins.sources.len();
    for (index, source) in plugins.sources.iter().enumerate() {
        progress(&format!("{} of {count}: {}", index + 1, source.name()));
        rows.push(row(source.name(), &plugins.host.compile_for(source, args.processor).await?));
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
        if compiled.is_new { "compiled" } else { "unchanged" }.to_owned(),
    ]
}

/// Shows progress on a terminal, because each plugin takes seconds.
fn progress(line: &str) {
    let mut terminal = io::stderr().lock();
    if terminal.is_terminal() {
        // A failed write means that nobody is watching.
        let _ = writeln!(terminal, "compiling {line}");
    }
}
