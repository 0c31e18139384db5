//! Warnings about what plugins are granted.

use super::loopback::is_loopback;
use crate::config::{File, Locator, PluginEntry, Table, TlsWord};

/// Returns the warnings about grants, each with file and line.
pub(super) fn warnings(file: &File, locator: &Locator) -> Vec<String> {
    let stages = file.stage.iter().enumerate();
    let stages = stages.map(|(index, stage)| (Table::Stage(index), stage.entry()));
    let drivers = file.storage.iter().flat_map(|storage| &storage.driver).enumerate();
    let drivers = drivers.map(|(index, driver)| (Table::Driver(index), driver.entry()));
    let entries: Vec<_> = stages.chain(drivers).collect();
    let logged = entries.iter().filter_map(|(table, entry)| logged_secret(*table, *entry, locator));
    logged
        .chain(entries.iter().flat_map(|(at, entry)| in_the_clear(*at, *entry, locator)))
        .collect()
}

/// Returns the warning about a plugin that sees a secret and may log.
fn logged_secret(table: Table<'_>, entry: PluginEntry<'_>, locator: &Locator) -> Option<String> {
    let secret = entry.grants.secrets.first().filter(|_| entry.grants.log)?;
    Some(format!(
        "{}: {} sees the secret `{secret}` and may write to the log: it can put the one into the \
         other; remove `grants.log` when it is not being looked into",
        locator.place_of(table, &["grants", "log"]),
        entry.part()
    ))
}

/// Returns a warning about each server on another machine that is asked without TLS.
fn in_the_clear(
    table: Table<'_>,
    entry: PluginEntry<'_>,
    locator: &Locator,
) -> impl Iterator<Item = String> {
    let servers = entry.grants.tcp.iter().filter(|server| server.tls == TlsWord::No);
    servers.filter(|server| !is_loopback(&server.to)).map(move |server| {
        format!(
            "{}: {} talks to `{}` in the clear: whoever is on the way, or answers for its name, sees \
             and can change what is sent, passwords included; use {{ to = \"{}\", tls = true }}",
            locator.place_of(table, &["grants", "tcp"]),
            entry.part(),
            server.to,
            server.to
        )
    })
}
