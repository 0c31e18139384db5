//! Commands `encode` and `decode`, and how every command opens a configuration.

use std::{
    env,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use cloakroom::{Cloakroom, CloakroomBuilder, Error, Payload, temporal::json};

use crate::{args::PipelineArgs, failure::Failure};

pub(crate) async fn encode(args: &PipelineArgs) -> Result<(), Failure> {
    let cloakroom = open(&args.config).await?;
    write(&cloakroom.encode(&args.context.context(), read()?).await?)
}

pub(crate) async fn decode(args: &PipelineArgs) -> Result<(), Failure> {
    let cloakroom = open(&args.config).await?;
    write(&cloakroom.decode(&args.context.context(), read()?).await?)
}

/// Opens a configuration.
pub(crate) async fn open(config: &Path) -> Result<Cloakroom, Failure> {
    Ok(builder(config).open().await?)
}

/// Returns the builder for a configuration, with the user's compile cache.
///
/// Plugins are compiled in child processes of this program: the compiler is large and runs on untrusted
/// input, so its memory and time are limited from outside.
pub(crate) fn builder(config: &Path) -> CloakroomBuilder {
    let builder = CloakroomBuilder::file(config).compiler(compiler());
    match cache_folder() {
        Some(folder) => builder.cache(folder),
        None => builder,
    }
}

/// Returns the path of this program, for the child processes that compile.
///
/// On Linux it stays valid after the file was replaced by an upgrade.
pub(crate) fn compiler() -> PathBuf {
    if cfg!(target_os = "linux") {
        return PathBuf::from("/proc/self/exe");
    }
    env::current_exe().unwrap_or_else(|_| PathBuf::from("cloakroom"))
}

/// Returns the folder for compiled plugins, if the user has a cache folder.
pub(crate) fn cache_folder() -> Option<PathBuf> {
    let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".cache"));
    let caches = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home)?;
    Some(caches.join("cloakroom").join("compiled"))
}

fn read() -> Result<Vec<Payload>, Failure> {
    let mut text = Vec::new();
    io::stdin().lock().read_to_end(&mut text)?;
    Ok(json::read(&text).map_err(stdin_error)?)
}

fn write(payloads: &[Payload]) -> Result<(), Failure> {
    Ok(io::stdout().lock().write_all(&json::write(payloads)?)?)
}

/// Adds to an error that it concerns standard input.
pub(crate) fn stdin_error(error: Error) -> Error {
    let kind = error.kind();
    error.wrapped(kind, "cannot read standard input")
}
