//! Size of a component's code, which decides how long a compiler works on it.
//!
//! Compilers take more than linear time and memory for some functions: live values times loops, branch
//! targets times values. A file of some kilobytes can keep one busy for minutes. So these numbers are
//! counted and limited before anything is compiled. `host/docs/loading.md` has the measurements behind the
//! weights and the defaults.

mod function;
mod measure;

use std::fmt;

use cloakroom_core::{Error, ErrorKind, Remedy};

use crate::{limits::code_limits::CodeLimits, remedy::name_methods};

/// Size of a component's code, counted without compiling it. Each number has a limit of the same name in
/// [`CodeLimits`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CodeSize {
    /// Bytes of the largest function's body.
    pub function: u64,
    /// Most locals of a function, parameters included.
    pub locals: u64,
    /// Most blocks, branch targets and calls of a function.
    pub blocks: u64,
    /// Deepest nesting of loops.
    pub loop_depth: u64,
    /// Most parameters and results of a function type.
    pub values: u64,
    /// Functions of all modules together.
    pub functions: u64,
    /// Most work of compiling a function, in units of half a microsecond.
    pub function_work: u64,
    /// Work of compiling all functions.
    pub work: u64,
    /// Definitions outside of functions.
    pub definitions: u64,
    /// Core modules, and instances of them.
    pub modules: u64,
    /// Nested components, and instances of them.
    pub components: u64,
}

impl CodeSize {
    /// Checks the numbers against their limits.
    ///
    /// # Errors
    /// `PluginRejected` with the first number that exceeds its limit, the limit and its name.
    pub fn check(&self, limits: &CodeLimits) -> Result<(), Error> {
        self.check_unnamed(limits).map_err(name_methods)
    }

    /// As [`CodeSize::check`], for a host that names the limit in its own way.
    pub(super) fn check_unnamed(&self, limits: &CodeLimits) -> Result<(), Error> {
        let function = limits.function.get();
        let sizes: [(&'static [Remedy; 1], u64, u64, &str); 11] = [
            (&[Remedy::CodeFunction], self.function, function, "bytes in one function"),
            (&[Remedy::CodeLocals], self.locals, limits.locals, "locals in one function"),
            (
                &[Remedy::CodeBlocks],
                self.blocks,
                limits.blocks,
                "blocks, branches and calls in one function",
            ),
            (&[Remedy::CodeLoopDepth], self.loop_depth, limits.loop_depth, "loops within loops"),
            (
                &[Remedy::CodeValues],
                self.values,
                limits.values,
                "parameters and results in one function type",
            ),
            (&[Remedy::CodeFunctions], self.functions, limits.functions, "functions"),
            (
                &[Remedy::CodeFunctionWork],
                self.function_work,
                limits.function_work,
                "units of work for a compiler in one function",
            ),
            (&[Remedy::CodeWork], self.work, limits.work, "units of work for a compiler"),
            (
                &[Remedy::CodeDefinitions],
                self.definitions,
                limits.definitions,
                "definitions outside of functions",
            ),
            (
                &[Remedy::CodeModules],
                self.modules,
                limits.modules,
                "core modules and instances of them",
            ),
            (
                &[Remedy::CodeComponents],
                self.components,
                limits.components,
                "components and instances inside",
            ),
        ];
        match sizes.into_iter().find(|(_, count, limit, _)| count > limit) {
            Some((remedies, count, limit, what)) => Err(exceeded(count, limit, what, remedies)),
            None => Ok(()),
        }
    }
}

fn exceeded(count: u64, limit: u64, what: &str, remedies: &'static [Remedy]) -> Error {
    let text = format!(
        "has {count} {what}, and the limit is {limit}: it was not compiled, since that could take \
         minutes and gigabytes; raise the limit if this plugin is trusted"
    );
    Error::new(ErrorKind::PluginRejected, text).with_remedies(remedies)
}

impl fmt::Display for CodeSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} functions, {} units of work", self.functions, self.work)
    }
}
