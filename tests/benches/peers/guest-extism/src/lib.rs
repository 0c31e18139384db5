//! The codecs as an Extism plugin.

use extism_pdk::{FnResult, extism, plugin_fn};
use peers_codec::Zstd;

thread_local! {
    static ZSTD: Zstd = Zstd::default();
}

/// Compresses its input. The bytes are copied in and out, by the kit's own functions.
#[plugin_fn]
pub fn compress(bytes: Vec<u8>) -> FnResult<Vec<u8>> {
    Ok(ZSTD.with(|zstd| zstd.compress(&bytes)))
}

/// Decompresses its input.
#[plugin_fn]
pub fn decompress(frame: Vec<u8>) -> FnResult<Vec<u8>> {
    Ok(ZSTD.with(|zstd| zstd.decompress(&frame)))
}

/// Functions of the runtime that the kit does not wrap.
mod env {
    #[link(wasm_import_module = "extism:host/env")]
    unsafe extern "C" {
        pub(super) fn input_offset() -> u64;
    }
}

/// Functions of the host: each takes the place of its input in the runtime's memory, and returns that of its output.
mod host {
    #[link(wasm_import_module = "extism:host/user")]
    unsafe extern "C" {
        pub(super) fn host_seal(input: u64) -> u64;
        pub(super) fn host_open(input: u64) -> u64;
    }
}

/// Has the host seal the input. The bytes stay outside of this plugin, as those of Cloakroom's cipher do.
#[unsafe(no_mangle)]
pub extern "C" fn seal() -> i32 {
    by_place(|input| unsafe { host::host_seal(input) })
}

/// Has the host open the input.
#[unsafe(no_mangle)]
pub extern "C" fn open() -> i32 {
    by_place(|input| unsafe { host::host_open(input) })
}

fn by_place(work: impl FnOnce(u64) -> u64) -> i32 {
    // SAFETY: functions of the runtime that take and return numbers.
    unsafe {
        let output = work(env::input_offset());
        extism::output_set(output, extism::length(output));
    }
    0
}
