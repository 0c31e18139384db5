//! Loading: from a plugin's file to a linked component.

pub(crate) mod blocking;
pub(crate) mod code_size;
pub(crate) mod compile_cache;
pub(crate) mod compile_one;
pub(crate) mod compiled_plugin;
pub(crate) mod compiler;
pub(crate) mod compiler_process;
pub(crate) mod engine;
pub(crate) mod inspection;
pub(crate) mod linked_plugins;
pub(crate) mod requirement;
pub(crate) mod source;
