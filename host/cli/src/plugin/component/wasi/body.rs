//! Answers of the stand-in, as code.

use wasm_encoder::{Function, InstructionSink, MemArg, ValType};

/// Error numbers of preview 1.
const BADF: i32 = 8;
const NOSYS: i32 = 52;

/// Nanoseconds by which the clock goes on whenever it is read: loops that wait for a time end.
const TICK: i64 = 1000;

/// Returns the code of a function.
///
/// There are no arguments, no environment and no files, and what is written is dropped. There is no
/// randomness: an error is better than numbers that every instance repeats. Go seeds itself from the
/// clock then, and its `crypto/rand` ends the instance.
pub(super) fn answer(name: &str, params: &[ValType], results: &[ValType]) -> Function {
    // Locals behind the parameters: the running pointer and the sum of `fd_write`.
    let mut function = Function::new([(2, ValType::I32)]);
    let first = u32::try_from(params.len()).unwrap_or(u32::MAX);
    let mut code = function.instructions();
    match (name, results) {
        ("args_sizes_get" | "environ_sizes_get", [ValType::I32]) => {
            zero(&mut code, 0);
            zero(&mut code, 1);
            code.i32_const(0);
        }
        ("args_get" | "environ_get" | "sched_yield" | "fd_fdstat_set_flags", [ValType::I32]) => {
            code.i32_const(0);
        }
        ("clock_time_get", [ValType::I32]) => clock(&mut code),
        ("fd_write", [ValType::I32]) => write(&mut code, first),
        ("poll_oneoff", [ValType::I32]) => {
            // No event: whoever slept asks the clock again.
            zero(&mut code, 3);
            code.i32_const(0);
        }
        (name, [ValType::I32]) => {
            // Go asks for open files until this error answers.
            code.i32_const(if name.starts_with("fd_") { BADF } else { NOSYS });
        }
        (_, []) if name != "proc_exit" => {}
        _ => {
            code.unreachable();
        }
    }
    code.end();
    function
}

/// Writes zero where a parameter points to.
fn zero(code: &mut InstructionSink<'_>, pointer: u32) {
    code.local_get(pointer).i32_const(0).i32_store(at(0));
}

/// `clock_time_get(id, precision, pointer)`.
fn clock(code: &mut InstructionSink<'_>) {
    code.global_get(0).i64_const(TICK).i64_add().global_set(0);
    code.local_get(2).global_get(0).i64_store(at(0)).i32_const(0);
}

/// `fd_write(file, pieces, count, pointer)`: says that all was written, because a writer tries the rest
/// again.
fn write(code: &mut InstructionSink<'_>, first: u32) {
    let (piece, sum) = (first, first + 1);
    code.local_get(1).local_set(piece);
    code.block(wasm_encoder::BlockType::Empty).loop_(wasm_encoder::BlockType::Empty);
    code.local_get(2).i32_eqz().br_if(1);
    code.local_get(piece).i32_load(at(4)).local_get(sum).i32_add().local_set(sum);
    code.local_get(piece).i32_const(8).i32_add().local_set(piece);
    code.local_get(2).i32_const(1).i32_sub().local_set(2);
    code.br(0).end().end();
    code.local_get(3).local_get(sum).i32_store(at(0)).i32_const(0);
}

fn at(offset: u64) -> MemArg {
    MemArg { offset, align: 0, memory_index: 0 }
}
