//! Loading: from a source to a linked plugin.
//!
//! The order is: read the file, inspect it, check its imports against the grants, compile it or take it from
//! the cache, link it. Each step refuses what the next one need not see.

pub(crate) mod blocking;
mod cancellation;
pub(crate) mod code_size;
pub(crate) mod code_target;
pub(crate) mod compile_cache;
pub(crate) mod compile_worker;
pub(crate) mod compiled_plugin;
pub(crate) mod compiler;
mod compiler_process;
mod component_names;
mod contract_names;
pub(crate) mod digest;
pub(crate) mod engine;
mod grant_check;
pub(crate) mod inspection;
mod linked_plugins;
mod linker;
pub(crate) mod loader;
pub(crate) mod processor;
pub(crate) mod requirement;
pub(crate) mod source;
pub(crate) mod world;
