//! Size of a component's code, and the limits that keep a compiler from working on it for ever.
//!
//! Compilers take more than linear time and memory for some functions: live values times loops, branch
//! targets times values. A file of some kilobytes can keep one busy for minutes. What decides is
//! counted here before anything is compiled. `host/docs/loading.md` has the measurements behind the
//! weights and the defaults.

mod function;
mod measure;

use std::{fmt, time::Duration};

use cloakroom_core::{ByteSize, Error, ErrorKind};

use crate::{Limits, Source};

/// Limits of a component's code, held before it is compiled. The defaults are two to ten times what
/// the largest guests known have: CPython and SpiderMonkey as components.
///
/// Exhaustive on purpose, as [`crate::Limits`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeLimits {
    /// Bytes of one function's body.
    pub function: ByteSize,
    /// Locals of one function, its parameters among them.
    pub locals: u64,
    /// Blocks, branch targets and calls of one function.
    pub blocks: u64,
    /// Loops within loops.
    pub loop_depth: u64,
    /// Parameters and results of one function type.
    pub values: u64,
    /// Functions of all modules together.
    pub functions: u64,
    /// Work of compiling one function, as [`CodeSize::function_work`] estimates it.
    pub function_work: u64,
    /// Work of compiling all functions. A million takes some third of a second of one processor.
    pub work: u64,
    /// Types, imports, exports, segments and whatever else is defined outside of functions.
    pub definitions: u64,
    /// Core modules, and instances of them.
    pub modules: u64,
    /// Components inside the component, and instances of them.
    pub components: u64,
    /// Memory of the process that compiles, if one does ([`crate::HostBuilder::compiler`]).
    pub memory: ByteSize,
    /// Processor time of that process.
    pub time: Duration,
}

impl Default for CodeLimits {
    fn default() -> Self {
        Self {
            function: ByteSize::mib(1),
            locals: 1024,
            blocks: 65_536,
            loop_depth: 32,
            values: 64,
            functions: 65_536,
            function_work: 32_000_000,
            work: 300_000_000,
            definitions: 200_000,
            modules: 512,
            components: 16,
            memory: ByteSize::mib(2048),
            time: Duration::from_secs(120),
        }
    }
}

/// Size of a component's code, counted without compiling it. Each number has a limit of the same name
/// in [`CodeLimits`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CodeSize {
    /// Bytes of the largest function's body.
    pub function: u64,
    /// The most locals of a function, its parameters among them.
    pub locals: u64,
    /// The most blocks, branch targets and calls of a function.
    pub blocks: u64,
    /// The most loops within loops.
    pub loop_depth: u64,
    /// The most parameters and results of a function type.
    pub values: u64,
    /// Functions of all modules together.
    pub functions: u64,
    /// The most work of compiling a function.
    pub function_work: u64,
    /// Work of compiling all functions.
    pub work: u64,
    /// Definitions outside of functions.
    pub definitions: u64,
    /// Core modules and instances of them.
    pub modules: u64,
    /// Components inside and instances of them.
    pub components: u64,
}

impl CodeSize {
    /// Counts a component's code.
    ///
    /// # Errors
    /// `PluginRejected` if it cannot be parsed.
    pub fn of(bytes: &[u8]) -> Result<Self, Error> {
        measure::measure(bytes)
    }

    /// Counts the code of a plugin.
    ///
    /// # Errors
    /// As [`CodeSize::of`], and `Config` if its file cannot be read.
    pub fn of_source(source: &Source) -> Result<Self, Error> {
        let read = source.read(Limits::default().component);
        read.and_then(|binary| Self::of(&binary.bytes)).map_err(|error| source.blame(error))
    }

    /// Refuses code that passes a limit.
    ///
    /// # Errors
    /// `PluginRejected` with the number, the limit and its key.
    pub fn check(&self, limits: &CodeLimits) -> Result<(), Error> {
        let function = limits.function.get();
        for (key, found, most, what) in [
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
            if found > most {
                return Err(refusal(key, found, most, what));
            }
        }
        Ok(())
    }
}

fn refusal(key: &str, found: u64, most: u64, what: &str) -> Error {
    let text = format!(
        "has {found} {what}, and `limits.code.{key}` is {most}: it was not compiled, since that could \
         take minutes and gigabytes; raise the limit if this plugin is trusted"
    );
    Error::new(ErrorKind::PluginRejected, text)
}

impl fmt::Display for CodeSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} functions, {} units of work", self.functions, self.work)
    }
}
