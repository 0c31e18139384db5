//! What a component says of itself before any of it is compiled.

use cloakroom_core::{Error, ErrorKind, clean};
use wasmparser::{Encoding, Parser, Payload};

use crate::{Limits, Requirement, Source, contract, load::source::Digest};

/// A component read, not compiled.
#[derive(Clone, Debug)]
pub struct Inspection {
    /// Of the whole file.
    pub digest: Digest,
    /// Bytes of the whole file.
    pub size: usize,
    /// The version of the contract that it was built against.
    pub version: Option<String>,
    /// The shape of plugin that it is.
    pub world: Option<World>,
    /// What it imports, in its order.
    pub imports: Vec<Import>,
    /// What it exports, in its order.
    pub exports: Vec<String>,
    uses_wasi: bool,
}

/// One import and what it takes to have it.
#[derive(Clone, Debug)]
pub struct Import {
    /// As the component names it, with its version.
    pub name: String,
    /// What it takes.
    pub need: Requirement,
}

/// The shapes of plugin that the contract knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum World {
    /// A codec that uses the host's keys.
    Cipher,
    /// A codec that computes, and nothing else.
    Compressor,
    /// A codec with a cipher of its own.
    OwnCipher,
    /// A storage driver.
    Storage,
}

impl World {
    /// Its name in the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cipher => "cipher",
            Self::Compressor => "compressor",
            Self::OwnCipher => "own-cipher",
            Self::Storage => "storage",
        }
    }
}

impl Inspection {
    /// Reads a component's outside.
    ///
    /// # Errors
    /// `PluginRejected` if the bytes are no component, or not a whole one.
    pub fn of(bytes: &[u8]) -> Result<Self, Error> {
        Self::read(bytes, Digest::of(bytes))
    }

    /// Reads the outside of a plugin's component: what [`crate::Host::inspect`] returns, without a host.
    ///
    /// # Errors
    /// As [`Inspection::of`], and `Config` if its file cannot be read.
    pub fn of_source(source: &Source) -> Result<Self, Error> {
        let read = source.read(Limits::default().component);
        let inspected = read.and_then(|binary| Self::read(&binary.bytes, binary.digest));
        inspected.map_err(|error| source.blame(error))
    }

    pub(crate) fn read(bytes: &[u8], digest: Digest) -> Result<Self, Error> {
        let (imports, exports) = outside(bytes)?;
        let imports: Vec<_> =
            imports.into_iter().map(|name| Import { need: Requirement::of(&name), name }).collect();
        let names = imports.iter().map(|import| &*import.name);
        let version = names.chain(exports.iter().map(String::as_str)).find_map(ours);
        let version = version.map(str::to_owned);
        let world = world(&imports, &exports);
        let uses_wasi = imports.iter().any(|import| import.name.starts_with("wasi:"));
        Ok(Self { digest, size: bytes.len(), version, world, imports, exports, uses_wasi })
    }

    /// Whether it imports any of WASI.
    pub fn uses_wasi(&self) -> bool {
        self.uses_wasi
    }

    /// Refuses what this host cannot load at all.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let rejected = |text: String| Err(Error::new(ErrorKind::PluginRejected, text));
        let names = self.imports.iter().map(|import| &*import.name);
        let names = names.chain(self.exports.iter().map(String::as_str));
        if let Some(other) = names.filter_map(ours).find(|version| !spoken(version)) {
            return rejected(format!(
                "speaks version {} of the contract, and this host speaks {}: \
                 use a host of that line, or build the plugin against this one",
                clean(other, NAME),
                contract::LINES.join(", ")
            ));
        }
        if self.world.is_none() {
            return rejected(self.no_world());
        }
        let missing = self.imports.iter().find(|import| import.need == Requirement::Unavailable);
        missing.map_or(Ok(()), |import| rejected(unavailable(&import.name)))
    }

    fn no_world(&self) -> String {
        let exports = match &*self.exports {
            [] => "nothing".to_owned(),
            names => {
                let shown: Vec<_> = names
                    .iter()
                    .take(SHOWN)
                    .map(|name| format!("`{}`", clean(name, NAME)))
                    .collect();
                let more = if names.len() > SHOWN { ", …" } else { "" };
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

fn unavailable(import: &str) -> String {
    let help = match import.split(['/', '@']).next().unwrap_or_default() {
        "wasi:http" => {
            "this host has no HTTP for plugins: build without it \
             (componentize-js: `disableFeatures: ['http', 'fetch-event']`)"
        }
        package if package.starts_with("wasi:") => {
            "this host has clocks, random, io, cli, sockets and an empty file system of WASI 0.2 only"
        }
        _ => "no host of this version has it: build the plugin without it",
    };
    format!("imports `{}`: {help}", clean(import, NAME))
}

fn spoken(version: &str) -> bool {
    contract::LINES
        .iter()
        .any(|line| version.strip_prefix(line).is_some_and(|rest| rest.starts_with('.')))
}

/// The version in a name of our package.
fn ours(name: &str) -> Option<&str> {
    let (_, version) = name.strip_prefix(contract::PACKAGE)?.split_once('@')?;
    Some(version)
}

fn world(imports: &[Import], exports: &[String]) -> Option<World> {
    let interface = |name: &str, wanted: &str| {
        let rest = name.strip_prefix(contract::PACKAGE).and_then(|rest| rest.strip_prefix(wanted));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('@'))
    };
    let has_import = |wanted| imports.iter().any(|import| interface(&import.name, wanted));
    let has_export = |wanted| exports.iter().any(|name| interface(name, wanted));
    match () {
        () if has_export("driver") => Some(World::Storage),
        () if !has_export("codec") => None,
        () if has_import("keys") => Some(World::Cipher),
        () if has_import("subkeys") => Some(World::OwnCipher),
        () => Some(World::Compressor),
    }
}

/// The most characters of a name of an import or an export that are shown, how many names are, and the
/// most characters of what a parser says.
const NAME: usize = 128;
const SHOWN: usize = 8;
pub(crate) const CAUSE: usize = 500;

/// The first bytes of every WebAssembly file.
const MAGIC: &[u8] = b"\0asm";

/// Names of imports and exports. What is nested inside is skipped; the compiler validates it.
fn outside(bytes: &[u8]) -> Result<(Vec<String>, Vec<String>), Error> {
    if !bytes.starts_with(MAGIC) {
        return Err(another_kind(bytes));
    }
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let mut depth = 0usize;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(broken)? {
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                return Err(core_module());
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    imports.push(import.map_err(broken)?.name.name.to_owned());
                    few(&imports)?;
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    exports.push(export.map_err(broken)?.name.name.to_owned());
                    few(&exports)?;
                }
            }
            _ => {}
        }
    }
    Ok((imports, exports))
}

/// The most names of imports, and of exports. Guests of all languages have fewer than a hundred.
const NAMES: usize = 1000;

fn few(names: &[String]) -> Result<(), Error> {
    if names.len() <= NAMES {
        return Ok(());
    }
    let text = format!("imports or exports more than {NAMES} names, and no plugin needs so many");
    Err(Error::new(ErrorKind::PluginRejected, text))
}

fn core_module() -> Error {
    let text = "is a core module, not a component: build for `wasm32-wasip2`, \
                or turn it into one with `wasm-tools component new`";
    Error::new(ErrorKind::PluginRejected, text)
}

/// Says what kind of file it is, where its beginning tells.
fn another_kind(bytes: &[u8]) -> Error {
    let is = match bytes {
        [] => "it is empty",
        [b'<', ..] => "it is a web page or another text that begins with `<`",
        [b'(', ..] => "it is WebAssembly as text: translate it with `wasm-tools parse`",
        [0x1f, 0x8b, ..] => "it is compressed with gzip: unpack it first",
        _ => "it begins with other bytes than `\\0asm`",
    };
    let text = format!("is not a WebAssembly component: {is}");
    Error::new(ErrorKind::PluginRejected, text)
}

/// The cause may quote names out of the file.
fn broken(error: wasmparser::BinaryReaderError) -> Error {
    let text = "is not a whole WebAssembly component: it was truncated or damaged";
    let cause = clean(&error.to_string(), CAUSE);
    Error::new(ErrorKind::PluginRejected, text).with_source(cause)
}
