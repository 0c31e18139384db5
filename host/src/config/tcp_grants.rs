//! Servers that the plugins of a configuration are granted.

use std::path::Path;

use cloakroom_core::Error;
use cloakroom_plugin::TcpGrant;

use super::{
    locator::{Locator, Table},
    schema::File,
    tcp::TcpEntry,
};

/// Servers that stages and drivers are granted, in the order of the file.
#[derive(Default)]
pub(crate) struct TcpGrants {
    stages: Vec<Vec<TcpGrant>>,
    drivers: Vec<Vec<TcpGrant>>,
}

impl TcpGrants {
    /// Returns the servers that a stage or a driver is granted.
    pub(crate) fn granted_to(&self, table: Table<'_>) -> &[TcpGrant] {
        let found = match table {
            Table::Stage(index) => self.stages.get(index),
            Table::Driver(index) => self.drivers.get(index),
            _ => None,
        };
        found.map_or(&[], Vec::as_slice)
    }
}

/// Reads certificates and keys of all servers.
///
/// # Errors
/// `Config` with file and line if a server cannot be granted.
pub(crate) fn tcp_grants(
    file: &File,
    folder: &Path,
    locator: &Locator,
) -> Result<TcpGrants, Error> {
    let grants = |table: Table<'_>, entries: &[TcpEntry]| {
        let grants = entries.iter().map(|entry| entry.grant(folder));
        grants
            .collect::<Result<Vec<_>, _>>()
            .map_err(|error| error.at_place(&locator.place_of(table, &["grants", "tcp"])))
    };
    let stages = file.stage.iter().enumerate();
    let drivers = file.storage.iter().flat_map(|storage| &storage.driver).enumerate();
    Ok(TcpGrants {
        stages: stages
            .map(|(at, stage)| grants(Table::Stage(at), &stage.grants.tcp))
            .collect::<Result<_, _>>()?,
        drivers: drivers
            .map(|(at, driver)| grants(Table::Driver(at), &driver.grants.tcp))
            .collect::<Result<_, _>>()?,
    })
}
