//! Errors of calls that trapped.

use cloakroom_core::{Error, ErrorKind, Limit, Remedy};
use wasmtime::{
    OutOfMemory, PoolConcurrencyLimitError, Trap, WasmBacktrace, component::ResourceTableError,
};

use super::fault::Fault;
use crate::limits::own::PluginLimits;

/// Returns the error of a call that ended with an error of `wasmtime`: a [`Fault`] of ours, a trap of
/// the guest, or a lack of room.
pub(crate) fn explain(mut error: wasmtime::Error, limits: &PluginLimits) -> Error {
    // Taken out whole: as text it would lose its kind, and a full process would count as a trap.
    if let Some(Fault::Refused(refused)) = error.downcast_mut::<Fault>() {
        return refused.take().unwrap_or_else(already_taken);
    }
    match (error.downcast_ref::<Fault>(), error.downcast_ref::<Trap>()) {
        (Some(Fault::Limit(limit)), _) => limits.exceeded(*limit),
        (Some(Fault::Refused(_)), _) => already_taken(),
        (Some(Fault::Protocol(text)), _) => Error::new(ErrorKind::Protocol, *text),
        (Some(Fault::Internal(text)), _) => Error::new(ErrorKind::Internal, text),
        (None, Some(trap)) => {
            let text =
                format!("trapped: {trap}; its instance is gone, and a trace shows where it was");
            Error::new(ErrorKind::Trapped, text).with_remedies(&[Remedy::Trace])
        }
        (None, None) if is_table_full(&error) => limits.exceeded(Limit::Handles),
        (None, None) if is_out_of_room(&error) => out_of_room(&error),
        (None, None) => explain_text(&error.root_cause().to_string()),
    }
}

/// Returns the functions of the guest that a call was in when it ended, innermost first. Empty if it was in
/// none.
pub(crate) fn backtrace(error: &wasmtime::Error) -> String {
    error.downcast_ref::<WasmBacktrace>().map(ToString::to_string).unwrap_or_default()
}

/// Returns whether another instance did not fit beside those that run, for which the plugin is not to
/// blame.
fn is_out_of_room(error: &wasmtime::Error) -> bool {
    error.is::<PoolConcurrencyLimitError>()
        || error.is::<OutOfMemory>()
        || error.is::<rustix::io::Errno>()
}

/// Returns whether WASI has no room for another stream, socket or other resource.
fn is_table_full(error: &wasmtime::Error) -> bool {
    matches!(error.downcast_ref(), Some(ResourceTableError::Full))
}

fn already_taken() -> Error {
    Error::new(ErrorKind::Internal, "the host failed while it ran this plugin")
}

fn out_of_room(error: &wasmtime::Error) -> Error {
    let text = format!(
        "no room for another instance now ({}): if that happens often, allow more instances, or give \
         the process more memory",
        error.root_cause()
    );
    Error::new(ErrorKind::Busy, text).with_remedies(&[Remedy::Instances])
}

/// Explains errors for which `wasmtime` has no type.
fn explain_text(text: &str) -> Error {
    if text.contains("hostcalls has been exhausted") {
        let text = "passed more in one list than one call may make, or its memory may hold";
        let error = Error::new(ErrorKind::LimitExceeded(Limit::Output), text);
        return error.with_remedies(&[Remedy::Output, Remedy::InstanceMemory]);
    }
    if text.contains("requested len") {
        return Error::new(
            ErrorKind::Protocol,
            "asked WASI for more than 65,536 random bytes at once",
        );
    }
    // Its numbers may be the guest's, such as a handle that it made up, and could spell out a payload.
    let text = text.replace(|c: char| c.is_ascii_digit(), "#");
    Error::new(ErrorKind::Protocol, format!("broke the component model: {text}"))
}

/// Returns the error of a driver's call: drivers have a time limit of their own.
pub(crate) fn of_driver(error: Error, limits: &PluginLimits) -> Error {
    match error.kind() {
        ErrorKind::LimitExceeded(Limit::Time) => {
            let text = format!("took longer than {:?}", limits.driver_time);
            let error = Error::new(ErrorKind::LimitExceeded(Limit::Time), text);
            error.with_remedies(limits.driver_time_remedies())
        }
        _ => error,
    }
}

#[cfg(test)]
#[cfg(feature = "compiler")]
mod tests {
    use wasmtime::{
        Config, Engine, InstanceAllocationStrategy, Module, PoolingAllocationConfig, Store,
    };

    use super::*;
    use crate::limits::Limits;

    /// A module with a memory of one page.
    const MEMORY: [u8; 13] = *b"\0asm\x01\0\0\0\x05\x03\x01\0\x01";

    /// Returns the error of a second memory in a pool of one.
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
    fn a_lack_of_room_is_not_the_plugins_fault() {
        let errors = [pool_exhausted(), rustix::io::Errno::NOMEM.into()];
        for error in errors.map(|error| explain(error, &Limits::default().into())) {
            assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
            assert!(error.kind().is_transient());
            assert!(error.remedies() == [Remedy::Instances], "{error}");
        }
    }
}
