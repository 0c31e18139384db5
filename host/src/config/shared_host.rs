//! A file's limits and cache, held against those of a host that other pipelines use as well.

use std::{fmt, fs, path::Path, time::Duration};

use cloakroom_core::{Error, ErrorKind};
use cloakroom_plugin::Host;

use super::{
    schema::{File, Limits},
    units::{Size, Span},
};

impl File {
    /// Refuses a file that wants another host than `host`. What it does not say is as in the host.
    /// `cache` is the cache folder that is asked for, if one is.
    ///
    /// # Errors
    /// `Config` with the key and both values.
    pub(crate) fn check_host(&self, host: &Host, cache: Option<&Path>) -> Result<(), Error> {
        // Taken apart, so that a new limit must be held against the host too.
        let Limits {
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
            payload: _,
            payloads: _,
        } = &self.limits;
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
        // A shorter time is held by the pipeline itself.
        let storing = self.storage.as_ref().and_then(|storage| storage.time.as_ref());
        let longer = storing.filter(|time| time.0 > of.driver_time).map(shown);
        same("storage.time", longer, Shown(of.driver_time))?;
        same_folder(cache, host.cache_folder())
    }
}

/// A time as `Debug` writes it: `5s`.
#[derive(PartialEq)]
struct Shown(Duration);

fn shown(time: &Span) -> Shown {
    Shown(time.0)
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

fn same<T: PartialEq + fmt::Display>(key: &str, here: Option<T>, shared: T) -> Result<(), Error> {
    match here {
        Some(here) if here != shared => {
            Err(contradiction(key, &here.to_string(), &shared.to_string()))
        }
        _ => Ok(()),
    }
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

fn contradiction(key: &str, here: &str, shared: &str) -> Error {
    let text = format!(
        "`{key}` is {here} here and {shared} in the host that is shared: remove `{key}` here, or build \
         the host with {here}"
    );
    Error::new(ErrorKind::Config, text)
}
