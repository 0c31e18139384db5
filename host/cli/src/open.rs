//! Opens configurations and hosts, with the user's compile cache.

use std::{
    env,
    path::{Path, PathBuf},
};

use cloakroom::{
    Cloakroom, CloakroomBuilder,
    pipeline::setting_name,
    plugin::{Host, HostBuilder},
};

use crate::failure::Failure;

/// Opens a configuration.
pub(crate) async fn open(config: &Path) -> Result<Cloakroom, Failure> {
    Ok(builder(config).open().await?)
}

/// Returns the builder for a configuration, with the user's compile cache.
///
/// Plugins are compiled in child processes of this program: the compiler is large and runs on
/// untrusted input, so its memory and time are limited from outside.
pub(crate) fn builder(config: &Path) -> CloakroomBuilder {
    let builder = CloakroomBuilder::file(config).with_compiler(compiler());
    let builder = match copies_folder() {
        Some(folder) => builder.with_plugin_copies(folder),
        None => builder,
    };
    match cache_folder() {
        Some(folder) => builder.with_cache(folder),
        None => builder,
    }
}

/// Returns the builder for a host without a configuration, with the user's compile cache.
pub(crate) fn host_builder() -> HostBuilder {
    let builder = Host::builder().with_compiler(compiler()).with_remedy_names(setting_name);
    match cache_folder() {
        Some(folder) => builder.with_cache(folder),
        None => builder,
    }
}

/// Returns the path of this program, for the child processes that compile.
///
/// On Linux it stays valid after the file was replaced by an upgrade.
fn compiler() -> PathBuf {
    if cfg!(target_os = "linux") {
        return PathBuf::from("/proc/self/exe");
    }
    env::current_exe().unwrap_or_else(|_| PathBuf::from("cloakroom"))
}

/// Returns the folder for compiled plugins, if the user has a cache folder.
fn cache_folder() -> Option<PathBuf> {
    let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".cache"));
    let caches = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home)?;
    Some(caches.join("cloakroom").join("compiled"))
}

/// Returns the folder for plugins of registries, if the user has a data folder.
pub(crate) fn copies_folder() -> Option<PathBuf> {
    let home = || Some(PathBuf::from(env::var_os("HOME")?).join(".local").join("share"));
    let data = env::var_os("XDG_DATA_HOME").map(PathBuf::from).or_else(home)?;
    Some(data.join("cloakroom").join("plugins"))
}
