//! Stand-in for WASI preview 1, for runtimes that cannot do without it, such as Go's.
//!
//! It answers inside of the component and calls nothing, so the component imports no WASI. That is
//! more than tidiness: Go's collector reads the clock, and may run while the host has the guest
//! allocate memory. A component that calls an import then is ended by the host ("cannot leave
//! component instance"), some thousand calls after it started.

mod body;

use wasm_encoder::{
    CodeSection, ConstExpr, EntityType, ExportKind, ExportSection, FunctionSection, GlobalSection,
    GlobalType, ImportSection, MemoryType, Module, TypeSection, ValType,
};
use wasmparser::{FuncType, Parser, Payload, TypeRef};

/// The module that preview 1 is imported from.
pub(super) const MODULE: &str = "wasi_snapshot_preview1";

/// Where the clock of a guest begins: Go refuses to start at zero.
const CLOCK_START: i64 = 1_000_000_000;

/// Returns a module with every function of preview 1 that `core` imports.
///
/// # Errors
/// If `core` is not a core module.
pub(super) fn stub(core: &[u8]) -> anyhow::Result<Vec<u8>> {
    let (mut types, mut functions) = (TypeSection::new(), FunctionSection::new());
    let (mut exports, mut code) = (ExportSection::new(), CodeSection::new());
    for (index, (name, ty)) in (0..).zip(imported(core)?) {
        let params = ty.params().iter().map(|ty| value(*ty)).collect::<anyhow::Result<Vec<_>>>()?;
        let results =
            ty.results().iter().map(|ty| value(*ty)).collect::<anyhow::Result<Vec<_>>>()?;
        types.ty().function(params.iter().copied(), results.iter().copied());
        functions.function(index);
        exports.export(&name, ExportKind::Func, index);
        code.function(&body::answer(&name, &params, &results));
    }
    let mut imports = ImportSection::new();
    imports.import("env", "memory", EntityType::Memory(memory()));
    let mut globals = GlobalSection::new();
    let clock = GlobalType { val_type: ValType::I64, mutable: true, shared: false };
    globals.global(clock, &ConstExpr::i64_const(CLOCK_START));
    let mut module = Module::new();
    module.section(&types).section(&imports).section(&functions);
    module.section(&globals).section(&exports).section(&code);
    Ok(module.finish())
}

fn memory() -> MemoryType {
    MemoryType { minimum: 0, maximum: None, memory64: false, shared: false, page_size_log2: None }
}

/// Returns the functions of preview 1 that a module imports, with their types.
fn imported(core: &[u8]) -> anyhow::Result<Vec<(String, FuncType)>> {
    let mut types = Vec::new();
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(core) {
        match payload? {
            Payload::TypeSection(section) => {
                types = section.into_iter_err_on_gc_types().collect::<Result<Vec<_>, _>>()?;
            }
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    if let (MODULE, TypeRef::Func(index)) = (import.module, import.ty) {
                        let ty = types.get(index as usize).cloned();
                        let ty = ty.ok_or_else(|| anyhow::anyhow!("no type {index}"))?;
                        found.push((import.name.to_owned(), ty));
                    }
                }
            }
            _ => {}
        }
    }
    // Go imports some functions twice, from two of its packages.
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found.dedup_by(|(one, _), (other, _)| one == other);
    Ok(found)
}

fn value(ty: wasmparser::ValType) -> anyhow::Result<ValType> {
    match ty {
        wasmparser::ValType::I32 => Ok(ValType::I32),
        wasmparser::ValType::I64 => Ok(ValType::I64),
        other => anyhow::bail!("no function of {MODULE} has a value of type {other}"),
    }
}

#[cfg(test)]
mod tests;
