//! State of an instance, and everything that its imports read and count.
//!
//! It stands below the contract, whose imports use it; the [pool](crate::pool), which starts instances and
//! calls their exports, stands above.

pub(crate) mod buffer_writer;
pub(crate) mod call;
pub(crate) mod config;
pub(crate) mod fault;
pub(crate) mod guest_error;
pub(crate) mod guest_log;
pub(crate) mod handle_table;
pub(crate) mod held_memory;
pub(crate) mod host_call;
pub(crate) mod key_messages;
pub(crate) mod meter;
pub(crate) mod resources;
pub(crate) mod rope;
pub(crate) mod service_exchange;
#[cfg(feature = "wasi")]
pub(crate) mod sockets;
pub(crate) mod state;
pub(crate) mod store_progress;
pub(crate) mod trap;
#[cfg(feature = "wasi")]
pub(crate) mod wasi;
#[cfg(feature = "http")]
pub(crate) mod wasi_http;
