//! Size of a component's code, which decides how long a compiler works on it.
//!
//! Compilers take more than linear time and memory for some functions: live values times loops, branch
//! targets times values. A file of some kilobytes can keep one busy for minutes. So these numbers are
//! counted and limited before anything is compiled. `host/docs/loading.md` has the measurements behind the
//! weights and the defaults.

mod function;
mod measure;

use std::fmt;

use cloakroom_core::{Error, ErrorKind};

use crate::limits::code_limits::CodeLimits;

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
        let function = limits.function.get();
        for (key, count, limit, what) in [
            ("function", self.function, function, "bytes in one function"),
            ("locals", self.locals, limits.locals, "locals in one function"),
            ("blocks", self.blocks, limits.blocks, "blocks, branches and calls in one function"),
            ("loop_depth", self.loop_depth, limits.loop_depth, "loops within loops"),
            ("values", self.values, limits.values, "parameters and results in one function type"),
            ("functions", self.functions, limits.functions, "functions"),
            (
                "function_work",
                self.function_work,
                limits.function_work,
                "units of work for a compiler in one function",
            ),
            ("work", self.work, limits.work, "units of work for a compiler"),
            (
                "definitions",
                self.definitions,
                limits.definitions,
                "definitions outside of functions",
            ),
            ("modules", self.modules, limits.modules, "core modules and instances of them"),
            ("components", self.components, limits.components, "components and instances inside"),
        ] {
            if count > limit {
                return Err(exceeded(key, count, limit, what));
            }
        }
        Ok(())
    }
}

fn exceeded(key: &str, count: u64, limit: u64, what: &str) -> Error {
    let text = format!(
        "has {count} {what}, and `limits.code.{key}` is {limit}: it was not compiled, since that could \
         take minutes and gigabytes; raise the limit if this plugin is trusted"
    );
    Error::new(ErrorKind::PluginRejected, text)
}

impl fmt::Display for CodeSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} functions, {} units of work", self.functions, self.work)
    }
}
