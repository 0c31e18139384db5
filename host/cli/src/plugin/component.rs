//! Command `plugin component`: makes a component of a core module.
//!
//! Compilers of C and Go write core modules. Other tools make components of them too; with this one,
//! an author needs nothing besides the compiler.

mod contract;
mod error;
mod wasi;

use std::{fs, path::Path};

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

use self::error::Problem;
use super::args::{Adapter, Component};
use crate::failure::Failure;

/// Writes the component.
///
/// # Errors
/// Usage if the module is not one that fits the world; an operation if a file cannot be read or
/// written.
pub(crate) fn run(args: &Component) -> Result<(), Failure> {
    let core = read(&args.core)?;
    let component = encode(&core, args)?;
    let written = fs::write(&args.output, component);
    written.map_err(|error| Failure::io(error, format!("cannot write {}", args.output.display())))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    fs::read(path).map_err(|error| Failure::io(error, format!("cannot read {}", path.display())))
}

fn encode(core: &[u8], args: &Component) -> Result<Vec<u8>, Failure> {
    let mut module = core.to_vec();
    if let Some(world) = &args.world {
        let (contract, world) = contract::find(args.wit.as_deref(), world)?;
        embed_component_metadata(&mut module, &contract, world, StringEncoding::UTF8)
            .problem(args)?;
    }
    let mut encoder = ComponentEncoder::default().validate(true).module(&module).problem(args)?;
    if args.stub_wasi {
        let stub = wasi::stub(core).problem(args)?;
        encoder = encoder.adapter(wasi::MODULE, &stub).problem(args)?;
    }
    for Adapter { name, path } in &args.adapters {
        encoder = encoder.adapter(name, &read(path)?).problem(args)?;
    }
    encoder.encode().problem(args)
}
