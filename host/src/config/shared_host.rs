//! Compares a file's limits and cache folder with those of a shared host.

use std::{fs, path::Path};

use cloakroom_core::Error;
use cloakroom_plugin::Host;

use super::{
    host_conflict::{Shown, contradiction, same, shown},
    schema::{File, LimitsEntry},
    units::Size,
};

/// Refuses a file that contradicts the host it is to share. Keys that it leaves out are as in the
/// host. `cache` is the cache folder that is asked for, if one is.
///
/// Other pipelines run in the host too, so a file cannot change its limits; taking the host's
/// silently would leave an operator with a limit that is written down and does not hold.
///
/// # Errors
/// `Config` with the key and both values.
pub(crate) fn check_host(file: &File, host: &Host, cache: Option<&Path>) -> Result<(), Error> {
    // Destructured, so that a new limit does not compile before it is compared too.
    let LimitsEntry {
        memory,
        time,
        wait,
        computing,
        queue,
        output,
        held,
        entries,
        handles,
        log,
        instances,
        component,
        call_bytes,
        process_bytes,
        load,
        code,
        payload: _,
        payloads: _,
    } = &file.limits;
    let of = host.limits();
    let size = |size: &Option<Size>| size.as_ref().map(|size| size.0);
    same("limits.memory", size(memory), of.memory)?;
    same("limits.time", time.as_ref().map(shown), Shown(of.time))?;
    same("limits.wait", wait.as_ref().map(shown), Shown(of.wait))?;
    same("limits.computing", *computing, of.computing)?;
    same("limits.queue", *queue, of.queue)?;
    same("limits.output", size(output), of.output)?;
    same("limits.held", size(held), of.held)?;
    same("limits.entries", *entries, of.entries)?;
    same("limits.handles", *handles, of.handles)?;
    same("limits.log", size(log), of.log)?;
    same("limits.instances", *instances, of.instances)?;
    same("limits.component", size(component), of.component)?;
    same("limits.call_bytes", size(call_bytes), of.call_bytes)?;
    same("limits.process_bytes", size(process_bytes), of.process_bytes)?;
    same("limits.load", load.as_ref().map(shown), Shown(of.load))?;
    code.check_host(&of.code)?;
    // A shorter time is held by the pipeline itself.
    let storing = file.storage.as_ref().and_then(|storage| storage.time.as_ref());
    let longer = storing.filter(|time| time.0 > of.driver_time).map(shown);
    same("storage.time", longer, Shown(of.driver_time))?;
    same_folder(cache, host.cache_folder())
}

fn same_folder(here: Option<&Path>, shared: Option<&Path>) -> Result<(), Error> {
    let Some(here) = here else {
        return Ok(());
    };
    // Two paths may lead to one folder.
    let real = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if shared.is_some_and(|shared| real(shared) == real(here)) {
        return Ok(());
    }
    let shared = shared.map_or("none".to_owned(), |shared| shared.display().to_string());
    Err(contradiction("cache.folder", &here.display().to_string(), &shared))
}
