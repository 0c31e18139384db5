//! What ends a call, before it is known which plugin's it was.

use std::time::Duration;

use cloakroom_core::{Error, ErrorKind, Limit};
use wasmtime::{OutOfMemory, PoolConcurrencyLimitError, Trap, component::ResourceTableError};

use crate::Limits;

/// Raised by the host within a call: ends it, and the instance with it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("a limit was reached")]
    Limit(Limit),
    /// An error that ends the call as it is, and that the plugin is not to blame for. Taken out
    /// when the call is explained.
    #[error("the host refused to go on")]
    Refused(Option<Error>),
    #[error("{0}")]
    Protocol(&'static str),
    #[error("{0}")]
    Internal(String),
}

impl Fault {
    /// For where `wasmtime` expects an error of its own.
    pub(crate) fn trap<T>(self) -> wasmtime::Result<T> {
        Err(self.into())
    }
}

/// Says what became of a call that did not come to its end.
pub(crate) fn explain(mut error: wasmtime::Error, limits: &Limits) -> Error {
    if let Some(Fault::Refused(refused)) = error.downcast_mut::<Fault>() {
        return refused.take().unwrap_or_else(lost);
    }
    match (error.downcast_ref::<Fault>(), error.downcast_ref::<Trap>()) {
        (Some(Fault::Limit(limit)), _) => exceeded(*limit, limits),
        (Some(Fault::Refused(_)), _) => lost(),
        (Some(Fault::Protocol(what)), _) => Error::new(ErrorKind::Protocol, *what),
        (Some(Fault::Internal(what)), _) => Error::new(ErrorKind::Internal, what),
        (None, Some(trap)) => {
            Error::new(ErrorKind::Trapped, format!("trapped: {trap}; its instance is gone"))
        }
        (None, None) if is_full_table(&error) => exceeded(Limit::Handles, limits),
        (None, None) if is_contention(&error) => no_room(&error),
        (None, None) => explain_text(&error.root_cause().to_string()),
    }
}

/// Whether another instance did not fit beside those that run, which is not the plugin's doing.
fn is_contention(error: &wasmtime::Error) -> bool {
    error.is::<PoolConcurrencyLimitError>()
        || error.is::<OutOfMemory>()
        || error.is::<rustix::io::Errno>()
}

/// Returns whether WASI has no room for another stream, socket or other resource of its own.
fn is_full_table(error: &wasmtime::Error) -> bool {
    matches!(error.downcast_ref(), Some(ResourceTableError::Full))
}

fn no_room(error: &wasmtime::Error) -> Error {
    let text = format!(
        "no room for another instance now ({}): if that happens often, raise `limits.instances`, \
         or give the process more memory",
        error.root_cause()
    );
    Error::new(ErrorKind::Busy, text)
}

/// `wasmtime` has no type for this.
fn explain_text(text: &str) -> Error {
    if text.contains("hostcalls has been exhausted") {
        return Error::new(
            ErrorKind::LimitExceeded(Limit::Output),
            "handed over more in one list than `limits.output` or `limits.memory` allows",
        );
    }
    if text.contains("requested len") {
        return Error::new(
            ErrorKind::Protocol,
            "asked WASI for more than 65,536 random bytes at once",
        );
    }
    // Numbers in it may be the guest's, such as the handle that it made up.
    let text = text.replace(|c: char| c.is_ascii_digit(), "#");
    Error::new(ErrorKind::Protocol, format!("broke the component model: {text}"))
}

/// Drivers have a time of their own.
pub(crate) fn of_driver(error: Error, limits: &Limits) -> Error {
    match error.kind() {
        ErrorKind::LimitExceeded(Limit::Time) => {
            let text = format!("took longer than {:?} (`storage.time`)", limits.driver_time);
            Error::new(ErrorKind::LimitExceeded(Limit::Time), text)
        }
        _ => error,
    }
}

/// A driver's guest waited for its store longer than it may.
pub(crate) fn silent(limits: &Limits) -> Error {
    let text = format!(
        "the store behind this driver did not answer within {:?} (`storage.time`)",
        limits.driver_time
    );
    Error::new(ErrorKind::Unavailable, text)
}

/// A call had no answer when `limits.wait` ended.
pub(crate) fn waited(computed: Duration, limits: &Limits) -> Error {
    let text = format!(
        "waited {:?} and computed {computed:.1?} of it: the host has more work than it can do in \
         `limits.wait`; try again later, or give it more processors",
        limits.wait
    );
    Error::new(ErrorKind::Busy, text)
}

/// A call came when the queue was full.
pub(crate) fn queue_full(queued: usize, limits: &Limits) -> Error {
    let text = format!(
        "{queued} payloads wait for a processor, and `limits.queue` is {}: try again later",
        limits.queue
    );
    Error::new(ErrorKind::Busy, text)
}

/// A guest ended without an answer.
pub(crate) fn lost() -> Error {
    Error::new(ErrorKind::Internal, "the host failed while it ran this plugin")
}

pub(crate) fn exceeded(limit: Limit, limits: &Limits) -> Error {
    let text = match limit {
        Limit::Entries => format!(
            "made a payload of more than {} metadata entries (`limits.entries`)",
            limits.entries
        ),
        Limit::Held => format!(
            "had the host hold more than {} at once (`limits.held`): its input, and all that it made \
             and did not let go of",
            limits.held
        ),
        Limit::Handles => format!("held more than {} handles (`limits.handles`)", limits.handles),
        Limit::Log => format!("logged more than {} in one call (`limits.log`)", limits.log),
        Limit::Memory => format!("wanted more than {} of memory (`limits.memory`)", limits.memory),
        Limit::Output => {
            format!("produced more than {} in one call (`limits.output`)", limits.output)
        }
        Limit::Time => format!("took longer than {:?} (`limits.time`)", limits.time),
        other => format!("passed a limit: {other:?}"),
    };
    Error::new(ErrorKind::LimitExceeded(limit), text)
}

#[cfg(test)]
#[cfg(feature = "compiler")]
mod tests {
    use wasmtime::{
        Config, Engine, InstanceAllocationStrategy, Module, PoolingAllocationConfig, Store,
    };

    use super::*;

    /// A module with a memory of one page.
    const MEMORY: [u8; 13] = *b"\0asm\x01\0\0\0\x05\x03\x01\0\x01";

    /// A second memory in a pool of one.
    fn pool_exhausted() -> wasmtime::Error {
        let mut pool = PoolingAllocationConfig::new();
        pool.total_memories(1);
        let mut config = Config::new();
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        let engine = Engine::new(&config).unwrap();
        let module = Module::new(&engine, MEMORY).unwrap();
        let mut first = Store::new(&engine, ());
        wasmtime::Instance::new(&mut first, &module, &[]).unwrap();
        let mut second = Store::new(&engine, ());
        wasmtime::Instance::new(&mut second, &module, &[]).map(drop).unwrap_err()
    }

    #[test]
    fn contention_is_not_the_plugins_fault() {
        let errors = [pool_exhausted(), rustix::io::Errno::NOMEM.into()];
        for error in errors.map(|error| explain(error, &Limits::default())) {
            assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
            assert!(error.kind().is_transient());
            assert!(error.to_string().contains("limits.instances"), "{error}");
        }
    }
}
