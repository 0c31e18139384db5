//! Inspection of a component before any of it is compiled.

use cloakroom_core::{Error, ErrorKind, clean};

use super::{
    component_names, contract_names, digest::Digest, requirement::Requirement, source::Source,
    world::World,
};
use crate::{contract, limits::Limits};

/// Most characters of an import's or an export's name that are shown.
const NAME: usize = 128;

/// Most exports that are shown.
const EXPORTS: usize = 8;

/// Imports and exports of a component, which is not compiled for it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Inspection {
    /// Digest of the file.
    pub digest: Digest,
    /// Size of the file in bytes.
    pub size: usize,
    /// Version of the contract that it was built against.
    pub version: Option<String>,
    /// World of the plugin. `None` if it is no plugin.
    pub world: Option<World>,
    /// Imports, in the component's order.
    pub imports: Vec<Import>,
    /// Exports, in the component's order.
    pub exports: Vec<String>,
    uses_wasi: bool,
}

/// One import of a component.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Import {
    /// Name, with its version.
    pub name: String,
    /// Requirement for having it.
    pub requirement: Requirement,
}

impl Inspection {
    /// Inspects the bytes of a component.
    ///
    /// # Errors
    /// `PluginRejected` if the bytes are not a component, or end early.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        Self::read(bytes, Digest::sha256(bytes))
    }

    /// Inspects a plugin, as `Host::inspect` does, without a host. Blocks if the source is a file.
    ///
    /// # Errors
    /// As [`Inspection::from_bytes`], and `Config` if its file cannot be read.
    pub fn from_source(source: &Source) -> Result<Self, Error> {
        let read = source.read(Limits::default().component);
        let inspected = read.and_then(|binary| Self::read(&binary.bytes, binary.digest));
        inspected.map_err(|error| source.add_context(error))
    }

    pub(super) fn read(bytes: &[u8], digest: Digest) -> Result<Self, Error> {
        let (imports, exports) = component_names::read_names(bytes)?;
        let names = imports.iter().chain(&exports);
        let version = names.filter_map(|name| contract_names::version(name)).next();
        let version = version.map(str::to_owned);
        let world = World::of_component(&imports, &exports);
        let uses_wasi = imports.iter().any(|name| name.starts_with("wasi:"));
        let imports = imports.into_iter();
        let imports = imports
            .map(|name| Import { requirement: Requirement::of_import(&name), name })
            .collect();
        Ok(Self { digest, size: bytes.len(), version, world, imports, exports, uses_wasi })
    }

    /// Returns whether it imports any of WASI.
    #[must_use]
    pub fn uses_wasi(&self) -> bool {
        self.uses_wasi
    }

    /// Returns whether it imports any of WASI's HTTP.
    #[cfg(feature = "http")]
    pub(super) fn uses_http(&self) -> bool {
        self.imports.iter().any(|import| import.name.starts_with("wasi:http/"))
    }

    /// Checks that this host can load the component at all, whatever is granted.
    ///
    /// # Errors
    /// `PluginRejected` if it was built against another version, is no plugin, or imports something that
    /// no host has.
    pub(super) fn check(&self) -> Result<(), Error> {
        let rejected = |text: String| Err(Error::new(ErrorKind::PluginRejected, text));
        let names = self.imports.iter().map(|import| &*import.name);
        let names = names.chain(self.exports.iter().map(String::as_str));
        // All names, not only the first: a component can be put together of parts of several versions.
        if let Some(other) = names
            .filter_map(contract_names::version)
            .find(|version| !contract_names::is_supported(version))
        {
            return rejected(format!(
                "was built against version {} of the contract, and this host has {}: \
                 use a host of that version, or build the plugin against this one",
                clean(other, NAME),
                contract::LINES.join(", ")
            ));
        }
        if self.world.is_none() {
            return rejected(self.not_a_plugin());
        }
        let missing =
            self.imports.iter().find(|import| import.requirement == Requirement::Unavailable);
        missing.map_or(Ok(()), |import| rejected(unavailable(&import.name)))
    }

    /// Returns an error if the plugin was built against a later version of the contract than this host has.
    ///
    /// Such a plugin loads if it uses nothing that is new. This says why it did not.
    pub(super) fn later_version(&self) -> Option<Error> {
        let names = self.imports.iter().map(|import| &*import.name);
        let mut versions = names.filter_map(contract_names::version);
        let later = versions.find(|version| contract_names::is_later(version))?;
        Some(Error::new(ErrorKind::PluginRejected, needs_host(later)))
    }

    fn not_a_plugin(&self) -> String {
        let exports = match &*self.exports {
            [] => "nothing".to_owned(),
            names => {
                let shown: Vec<_> = names
                    .iter()
                    .take(EXPORTS)
                    .map(|name| format!("`{}`", clean(name, NAME)))
                    .collect();
                let more = if names.len() > EXPORTS { ", …" } else { "" };
                format!("{}{more}", shown.join(", "))
            }
        };
        format!(
            "is a component, but no plugin: it exports {exports}, \
             and a plugin exports `{0}codec` or `{0}driver`; was it exported?",
            contract::PACKAGE
        )
    }
}

/// Says which host a plugin needs that was built against this later version of the contract.
fn needs_host(version: &str) -> String {
    format!(
        "needs a host with version {} of the contract or later, and this one has {}: use a newer \
         host, or build the plugin against this version",
        clean(version, NAME),
        contract::VERSION
    )
}

fn unavailable(import: &str) -> String {
    let later = contract_names::version(import).filter(|version| contract_names::is_later(version));
    if let Some(later) = later {
        return format!("imports `{}`: it {}", clean(import, NAME), needs_host(later));
    }
    let help = match import.split(['/', '@']).next().unwrap_or_default() {
        "wasi:http" => {
            "this host has only the outgoing handler of WASI 0.2's HTTP: build without it \
             (componentize-js: `disableFeatures: ['http', 'fetch-event']`)"
        }
        package if package.starts_with("wasi:") => {
            "this host has clocks, random, io, cli, sockets and an empty file system of WASI 0.2 only"
        }
        _ => "no host of this version has it: build the plugin without it",
    };
    format!("imports `{}`: {help}", clean(import, NAME))
}
