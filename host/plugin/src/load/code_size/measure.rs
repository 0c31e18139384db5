//! Counts a component's code and definitions.

use cloakroom_core::{Error, ErrorKind};
use wasmparser::{ComponentInstance, Parser, Payload, TypeRef, TypeSectionReader};

use super::{
    CodeSize,
    function::{Function, Module, Signature},
};

pub(super) fn measure(bytes: &[u8]) -> Result<CodeSize, Error> {
    let mut measure = Measure::default();
    for payload in Parser::new(0).parse_all(bytes) {
        payload.and_then(|payload| measure.count(payload)).map_err(|error| {
            let text =
                "is not a whole WebAssembly component, or uses a feature this host does not have";
            Error::new(ErrorKind::PluginRejected, text).with_source(error)
        })?;
    }
    Ok(measure.size)
}

#[derive(Default)]
struct Measure {
    size: CodeSize,
    /// The module that is being read. Modules do not nest.
    module: Module,
}

impl Measure {
    fn count(&mut self, payload: Payload<'_>) -> wasmparser::Result<()> {
        match payload {
            Payload::ModuleSection { .. } => {
                self.size.modules += 1;
                self.module = Module::default();
            }
            Payload::InstanceSection(section) => self.size.modules += u64::from(section.count()),
            Payload::ComponentSection { .. } => self.size.components += 1,
            Payload::ComponentInstanceSection(section) => {
                self.define(section.count());
                for instance in section {
                    if let ComponentInstance::Instantiate { .. } = instance? {
                        self.size.components += 1;
                    }
                }
            }
            Payload::TypeSection(section) => self.types(section)?,
            Payload::ImportSection(section) => {
                self.define(section.count());
                for import in section.into_imports() {
                    if let TypeRef::Func(index) | TypeRef::FuncExact(index) = import?.ty {
                        self.module.functions.push(index);
                        self.module.bodies += 1;
                    }
                }
            }
            Payload::FunctionSection(section) => {
                for index in section {
                    self.module.functions.push(index?);
                }
            }
            Payload::CodeSectionEntry(body) => {
                let signature = self.module.next_body();
                self.function(&Function::read(&self.module, signature, &body)?);
            }
            Payload::TableSection(section) => self.define(section.count()),
            Payload::MemorySection(section) => self.define(section.count()),
            Payload::TagSection(section) => self.define(section.count()),
            Payload::GlobalSection(section) => self.define(section.count()),
            Payload::ExportSection(section) => self.define(section.count()),
            Payload::ElementSection(section) => self.define(section.count()),
            Payload::DataSection(section) => self.define(section.count()),
            Payload::CoreTypeSection(section) => self.declare(section.range().len()),
            Payload::ComponentTypeSection(section) => self.declare(section.range().len()),
            Payload::ComponentAliasSection(section) => self.define(section.count()),
            Payload::ComponentCanonicalSection(section) => self.define(section.count()),
            Payload::ComponentImportSection(section) => self.define(section.count()),
            Payload::ComponentExportSection(section) => self.define(section.count()),
            _ => {}
        }
        Ok(())
    }

    fn define(&mut self, count: u32) {
        self.size.definitions += u64::from(count);
    }

    /// Counts types that declare others inside, by their bytes.
    fn declare(&mut self, bytes: usize) {
        self.size.definitions += 1 + bytes as u64 / 8;
    }

    fn types(&mut self, section: TypeSectionReader<'_>) -> wasmparser::Result<()> {
        self.define(section.count());
        for ty in section.into_iter_err_on_gc_types() {
            let ty = ty?;
            let signature = Signature {
                parameters: ty.params().len() as u64,
                results: ty.results().len() as u64,
            };
            self.size.values = self.size.values.max(signature.values());
            self.module.types.push(signature);
        }
        Ok(())
    }

    fn function(&mut self, function: &Function) {
        let (size, work) = (&mut self.size, function.work());
        size.functions += 1;
        size.function = size.function.max(function.bytes);
        size.locals = size.locals.max(function.locals);
        size.blocks = size.blocks.max(function.points);
        size.loop_depth = size.loop_depth.max(function.loop_depth);
        size.function_work = size.function_work.max(work);
        size.work = size.work.saturating_add(work);
    }
}
