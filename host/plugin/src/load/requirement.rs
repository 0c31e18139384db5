//! Requirements of imports: what an operator must grant for each.

use std::fmt;

use crate::contract;

/// Requirement of one import.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Requirement {
    /// No grant: the import can do no harm.
    Nothing,
    /// A grant of this capability.
    Grant(Capability),
    /// No grant to be loaded, and a grant of this capability for everything that it asks for.
    Optional(Capability),
    /// No host of this version has the import.
    Unavailable,
}

/// Capability that an operator can grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Capability {
    /// Reading and writing objects of a bucket.
    Buckets,
    /// Sealing and opening with keys of a ring.
    Keys,
    /// Sending requests to a service.
    Services,
    /// Deriving bytes from keys of a ring.
    Subkeys,
    /// Seeing secrets.
    Secrets,
    /// Connecting to a server.
    Tcp,
}

impl Capability {
    /// Returns its name: `buckets`, `keys`, `services`, `subkeys`, `secrets` or `tcp`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Buckets => "buckets",
            Self::Keys => "keys",
            Self::Services => "services",
            Self::Subkeys => "subkeys",
            Self::Secrets => "secrets",
            Self::Tcp => "tcp",
        }
    }
}

/// Packages of WASI that need no grant. Behind them are clocks, randomness, output that goes to the log,
/// an empty environment and an empty file system.
const HARMLESS_WASI: [&str; 5] =
    ["wasi:cli", "wasi:clocks", "wasi:filesystem", "wasi:io", "wasi:random"];

impl Requirement {
    /// Returns the requirement of the import of this name, with or without a version. A name that is not known is unavailable, so
    /// that an interface of a later version is refused and not linked by accident.
    #[must_use]
    pub fn of_import(import: &str) -> Self {
        let interface = import.split('@').next().unwrap_or(import);
        if let Some(ours) = interface.strip_prefix(contract::PACKAGE) {
            return Self::of_contract(ours);
        }
        match interface.split_once('/') {
            Some((package, _)) if HARMLESS_WASI.contains(&package) && cfg!(feature = "wasi") => {
                Self::Nothing
            }
            // Types alone send nothing.
            Some(("wasi:http", "types")) if cfg!(feature = "http") => Self::Nothing,
            Some(("wasi:http", "outgoing-handler")) if cfg!(feature = "http") => {
                Self::Grant(Capability::Services)
            }
            Some(("wasi:sockets", _)) if cfg!(feature = "wasi") => Self::Grant(Capability::Tcp),
            _ => Self::Unavailable,
        }
    }

    fn of_contract(interface: &str) -> Self {
        match interface {
            "buffers" | "types" | "settings" | "log" | "random" => Self::Nothing,
            // A plugin that can do without, such as a driver for servers with and without a password, has one
            // list of imports for both. Alone the import gives nothing.
            "secrets" => Self::Optional(Capability::Secrets),
            "blobs" => Self::Grant(Capability::Buckets),
            "http" => Self::Grant(Capability::Services),
            "keys" => Self::Grant(Capability::Keys),
            "subkeys" => Self::Grant(Capability::Subkeys),
            _ => Self::Unavailable,
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("no grant needed"),
            Self::Grant(capability) => write!(f, "needs a grant of {}", capability.as_str()),
            Self::Optional(capability) => {
                write!(f, "gets what is granted of {}", capability.as_str())
            }
            Self::Unavailable => f.write_str("not offered by this host"),
        }
    }
}
