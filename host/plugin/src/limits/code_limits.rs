//! Limits of the code that a host compiles.

use std::time::Duration;

use cloakroom_core::ByteSize;

/// Limits of a component's code, checked before it is compiled. The defaults are two to ten times what
/// the largest guests known need: CPython and SpiderMonkey as components.
///
/// Exhaustive on purpose, as [`crate::Limits`] is: `CodeLimits { work, ..CodeLimits::default() }` changes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeLimits {
    /// Bytes of one function's body. Default: 1 MiB.
    pub function: ByteSize,
    /// Locals of one function, parameters included. Default: 1,024.
    pub locals: u64,
    /// Blocks, branch targets and calls of one function. Default: 65,536.
    pub blocks: u64,
    /// Nesting of loops. Default: 32.
    pub loop_depth: u64,
    /// Parameters and results of one function type. Default: 64.
    pub values: u64,
    /// Functions of all modules together. Default: 65,536.
    pub functions: u64,
    /// Work of compiling one function, as [`crate::CodeSize::function_work`] estimates it. Default: 32
    /// million.
    pub function_work: u64,
    /// Work of compiling all functions. A million takes about a third of a second of one processor.
    /// Default: 300 million.
    pub work: u64,
    /// Types, imports, exports, segments and other definitions outside of functions. Default: 200,000.
    pub definitions: u64,
    /// Core modules, and instances of them. Default: 512.
    pub modules: u64,
    /// Nested components, and instances of them. Default: 16.
    pub components: u64,
    /// Memory of the compiler process, if there is one ([`crate::HostBuilder::with_compiler`]).
    /// Default: 2 GiB.
    pub memory: ByteSize,
    /// Processor time of that process. Default: 120 seconds.
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
