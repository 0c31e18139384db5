//! What an import asks of the operator. The world is the request.

use std::fmt;

use crate::{Grants, contract};

/// What it takes to have an import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Requirement {
    /// Nothing: it can do no harm.
    Nothing,
    /// The operator's yes.
    Grant(Capability),
    /// No host of this version has it.
    Unavailable,
}

/// What can be granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Capability {
    /// To read and write objects of a bucket.
    Buckets,
    /// To seal and open with keys of a ring.
    Keys,
    /// To derive bytes from keys of a ring.
    Subkeys,
    /// To connect to an address.
    Tcp,
}

impl Capability {
    /// Its name in the configuration, under `grants`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Buckets => "buckets",
            Self::Keys => "keys",
            Self::Subkeys => "subkeys",
            Self::Tcp => "tcp",
        }
    }
}

impl Requirement {
    /// What the import of this name takes.
    pub(crate) fn of(import: &str) -> Self {
        let interface = import.split('@').next().unwrap_or(import);
        if let Some(ours) = interface.strip_prefix(contract::PACKAGE) {
            return Self::of_ours(ours);
        }
        match interface.split_once('/') {
            Some((package, _)) if HARMLESS_WASI.contains(&package) && cfg!(feature = "wasi") => {
                Self::Nothing
            }
            Some(("wasi:sockets", _)) if cfg!(feature = "wasi") => Self::Grant(Capability::Tcp),
            _ => Self::Unavailable,
        }
    }

    fn of_ours(interface: &str) -> Self {
        match interface {
            "buffers" | "types" | "settings" | "log" | "random" => Self::Nothing,
            "blobs" => Self::Grant(Capability::Buckets),
            "keys" => Self::Grant(Capability::Keys),
            "subkeys" => Self::Grant(Capability::Subkeys),
            _ => Self::Unavailable,
        }
    }

    pub(crate) fn met_by(self, grants: &Grants) -> bool {
        match self {
            Self::Nothing => true,
            Self::Grant(_) if grants.hollow => true,
            Self::Grant(Capability::Buckets) => !grants.buckets.is_empty(),
            Self::Grant(Capability::Keys) => !grants.keys.is_empty(),
            Self::Grant(Capability::Subkeys) => !grants.subkeys.is_empty(),
            Self::Grant(Capability::Tcp) => !grants.tcp.is_empty(),
            Self::Unavailable => false,
        }
    }
}

/// Clocks, randomness, output that goes to the log, an empty environment, no files.
const HARMLESS_WASI: [&str; 5] =
    ["wasi:cli", "wasi:clocks", "wasi:filesystem", "wasi:io", "wasi:random"];

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("no grant needed"),
            Self::Grant(capability) => write!(f, "needs grants.{}", capability.as_str()),
            Self::Unavailable => f.write_str("not offered by this host"),
        }
    }
}
