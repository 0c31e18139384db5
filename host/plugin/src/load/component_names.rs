//! Names of a component's imports and exports, read without compiling it.

use cloakroom_core::{Error, ErrorKind, clean};
use wasmparser::{Encoding, Parser, Payload};

/// Most characters of a parser's or a compiler's message that are shown.
pub(super) const CAUSE: usize = 500;

/// First bytes of every WebAssembly file.
const MAGIC: &[u8] = b"\0asm";

/// Reads the names of a component's imports and exports. Nested modules and components are skipped: the
/// compiler validates them.
///
/// # Errors
/// `PluginRejected` if the bytes are not a component, or end early.
pub(super) fn read_names(bytes: &[u8]) -> Result<(Vec<String>, Vec<String>), Error> {
    if !bytes.starts_with(MAGIC) {
        return Err(not_wasm(bytes));
    }
    let (mut imports, mut exports) = (Vec::new(), Vec::new());
    let mut depth = 0usize;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(broken)? {
            // The most common mistake: a module that was not turned into a component.
            Payload::Version { encoding: Encoding::Module, .. } if depth == 0 => {
                return Err(core_module());
            }
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentImportSection(section) if depth == 0 => {
                for import in section {
                    imports.push(import.map_err(broken)?.name.name.to_owned());
                    check_count(&imports)?;
                }
            }
            Payload::ComponentExportSection(section) if depth == 0 => {
                for export in section {
                    exports.push(export.map_err(broken)?.name.name.to_owned());
                    check_count(&exports)?;
                }
            }
            _ => {}
        }
    }
    Ok((imports, exports))
}

/// Most imports, and most exports. Guests of all languages have fewer than a hundred.
const NAMES: usize = 1000;

fn check_count(names: &[String]) -> Result<(), Error> {
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

/// Returns an error that says what kind of file this is, as far as its first bytes tell.
fn not_wasm(bytes: &[u8]) -> Error {
    let kind = match bytes {
        [] => "it is empty",
        [b'<', ..] => "it is a web page or another text that begins with `<`",
        [b'(', ..] => "it is WebAssembly as text: translate it with `wasm-tools parse`",
        [0x1f, 0x8b, ..] => "it is compressed with gzip: unpack it first",
        _ => "it begins with other bytes than `\\0asm`",
    };
    let text = format!("is not a WebAssembly component: {kind}");
    Error::new(ErrorKind::PluginRejected, text)
}

/// Returns the error of a file that cannot be parsed. Its cause may quote names that the author chose.
fn broken(error: wasmparser::BinaryReaderError) -> Error {
    let text = "is not a whole WebAssembly component: it was truncated or damaged";
    let cause = clean(&error.to_string(), CAUSE);
    Error::new(ErrorKind::PluginRejected, text).with_source(cause)
}
