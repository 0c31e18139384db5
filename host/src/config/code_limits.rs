//! `[limits.code]`: limits of compiled code.

use std::num::NonZeroU64;

use cloakroom_core::Error;
use cloakroom_plugin::CodeLimits;
use serde::Deserialize;

use super::{
    host_conflict::{Shown, same, shown},
    units::{Size, Span},
};

/// `[limits.code]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct CodeLimitsEntry {
    function: Option<Size>,
    locals: Option<NonZeroU64>,
    blocks: Option<NonZeroU64>,
    loop_depth: Option<NonZeroU64>,
    values: Option<NonZeroU64>,
    functions: Option<NonZeroU64>,
    function_work: Option<NonZeroU64>,
    work: Option<NonZeroU64>,
    definitions: Option<NonZeroU64>,
    modules: Option<NonZeroU64>,
    components: Option<NonZeroU64>,
    memory: Option<Size>,
    time: Option<Span>,
}

impl CodeLimitsEntry {
    /// Returns the limits of code: defaults with the values of the file in their place.
    pub(crate) fn limits(&self) -> CodeLimits {
        let default = CodeLimits::default();
        let count = |limit: Option<NonZeroU64>, default| limit.map_or(default, NonZeroU64::get);
        CodeLimits {
            function: self.function.as_ref().map_or(default.function, |size| size.0),
            locals: count(self.locals, default.locals),
            blocks: count(self.blocks, default.blocks),
            loop_depth: count(self.loop_depth, default.loop_depth),
            values: count(self.values, default.values),
            functions: count(self.functions, default.functions),
            function_work: count(self.function_work, default.function_work),
            work: count(self.work, default.work),
            definitions: count(self.definitions, default.definitions),
            modules: count(self.modules, default.modules),
            components: count(self.components, default.components),
            memory: self.memory.as_ref().map_or(default.memory, |size| size.0),
            time: self.time.as_ref().map_or(default.time, |span| span.0),
        }
    }

    /// Refuses limits other than those of a shared host.
    pub(crate) fn check_host(&self, of: &CodeLimits) -> Result<(), Error> {
        // Destructured, so that a new limit does not compile before it is compared too.
        let CodeLimits {
            function,
            locals,
            blocks,
            loop_depth,
            values,
            functions,
            function_work,
            work,
            definitions,
            modules,
            components,
            memory,
            time,
        } = of;
        same("limits.code.memory", self.memory.as_ref().map(|size| size.0), *memory)?;
        same("limits.code.time", self.time.as_ref().map(shown), Shown(*time))?;
        same("limits.code.function", self.function.as_ref().map(|size| size.0), *function)?;
        for (key, limit, of) in [
            ("limits.code.locals", self.locals, locals),
            ("limits.code.blocks", self.blocks, blocks),
            ("limits.code.loop_depth", self.loop_depth, loop_depth),
            ("limits.code.values", self.values, values),
            ("limits.code.functions", self.functions, functions),
            ("limits.code.function_work", self.function_work, function_work),
            ("limits.code.work", self.work, work),
            ("limits.code.definitions", self.definitions, definitions),
            ("limits.code.modules", self.modules, modules),
            ("limits.code.components", self.components, components),
        ] {
            same(key, limit.map(NonZeroU64::get), *of)?;
        }
        Ok(())
    }
}
