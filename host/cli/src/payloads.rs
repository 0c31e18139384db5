//! `encode` and `decode`.

use std::{
    env,
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use cloakroom::{Cloakroom, CloakroomBuilder, Error, Payload, temporal::json};

use crate::{args::Change, failure::Failure};

pub(crate) async fn encode(args: &Change) -> Result<(), Failure> {
    let cloakroom = open(&args.config).await?;
    write(&cloakroom.encode(&args.context.context(), read()?).await?)
}

pub(crate) async fn decode(args: &Change) -> Result<(), Failure> {
    let cloakroom = open(&args.config).await?;
    write(&cloakroom.decode(&args.context.context(), read()?).await?)
}

pub(crate) async fn open(config: &Path) -> Result<Cloakroom, Failure> {
    Ok(opening(config).open().await?)
}

/// Returns a configuration about to be opened, with the user's compile cache. Plugins are compiled by
/// this program in processes of their own.
pub(crate) fn opening(config: &Path) -> CloakroomBuilder {
    let opening = CloakroomBuilder::file(config).compiler(compiler());
    match cache_folder() {
        Some(folder) => opening.cache(folder),
        None => opening,
    }
}

/// Returns the program that compiles: this one, even if its file was replaced meanwhile.
pub(crate) fn compiler() -> PathBuf {
    if cfg!(target_os = "linux") {
        return PathBuf::from("/proc/self/exe");
    }
    env::current_exe().unwrap_or_else(|_| PathBuf::from("cloakroom"))
}

/// Where the command line keeps compiled plugins, if the system says where a user's caches are.
pub(crate) fn cache_folder() -> Option<PathBuf> {
    let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".cache"));
    let caches = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home)?;
    Some(caches.join("cloakroom").join("compiled"))
}

fn read() -> Result<Vec<Payload>, Failure> {
    let mut text = Vec::new();
    io::stdin().lock().read_to_end(&mut text)?;
    Ok(json::read(&text).map_err(unread)?)
}

fn write(payloads: &[Payload]) -> Result<(), Failure> {
    Ok(io::stdout().lock().write_all(&json::write(payloads)?)?)
}

/// What was piped in is not what it must be.
pub(crate) fn unread(error: Error) -> Error {
    let kind = error.kind();
    error.wrapped(kind, "cannot use what came on standard input")
}
