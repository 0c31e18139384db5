//! Inspecting and loading components that strangers wrote.

use std::sync::OnceLock;

use bytes::Bytes;
use cloakroom::{
    ErrorKind,
    inspect::Inspection,
    plugin::{Grants, Host, Limits, Source},
};
use cloakroom_bundle as bundled;

use crate::{
    input::Input,
    promise::{self, wait},
};

/// Inspects and loads `data` as it is, or a component around a module of it, or around a module that
/// it describes, or a bundled plugin that it changes. Input that is not a plugin is refused with
/// `PluginRejected` or `LimitExceeded`.
pub(crate) fn load(data: &[u8]) {
    let mut input = Input::new(data);
    let component = match input.byte() % 4 {
        0 => input.rest().to_vec(),
        1 => patched(&mut input),
        2 => around(input.rest()),
        _ => around(&described(&mut input)),
    };
    let component = Bytes::from(component);
    if let Err(error) = Inspection::from_bytes(&component) {
        promise::check(&error);
        assert_eq!(error.kind(), ErrorKind::PluginRejected);
    }
    let grants = Grants::for_inspection();
    if let Err(error) = wait(host().load(Source::bytes("stranger", component), grants)) {
        promise::check(&error);
        let kind = error.kind();
        let is_refusal = matches!(kind, ErrorKind::PluginRejected | ErrorKind::LimitExceeded(_));
        assert!(is_refusal, "{error}");
    }
}

fn host() -> &'static Host {
    static HOST: OnceLock<Host> = OnceLock::new();
    HOST.get_or_init(|| Host::builder().with_limits(Limits::default()).build().expect("a host"))
}

/// A bundled plugin with other bytes here and there.
fn patched(input: &mut Input<'_>) -> Vec<u8> {
    let mut plugin = bundled::find("aes-gcm").expect("bundled").wasm.to_vec();
    while !input.is_empty() {
        let (at, count) = (usize::from(input.number()), usize::from(input.byte() % 8));
        let patch = input.bytes(count);
        let end = plugin.len().min(at + patch.len());
        if patch.is_empty() {
            plugin.truncate(at);
        } else if at < end {
            plugin.splice(at..end, patch.iter().copied());
        }
    }
    plugin
}

/// The preamble of a component.
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// The preamble of a module.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";

/// A component that holds a module, and that exports by name what a plugin exports, with nothing in
/// it: enough to be compiled, and not enough to be linked.
fn around(module: &[u8]) -> Vec<u8> {
    const EXPORT: &[u8] = b"cloakroom:plugin/codec@0.1.1";
    let mut component = COMPONENT.to_vec();
    section(&mut component, 1, module);
    section(&mut component, 5, b"\x01\x01\0");
    let mut export = b"\x01\0".to_vec();
    sized(&mut export, EXPORT);
    export.extend(b"\x05\0\0");
    section(&mut component, 11, &export);
    component
}

/// Bytes of code that are compiled in a run, so that no run takes long.
const CODE: usize = 256 << 10;

/// A module of one shape many times over: functions, locals, blocks, calls, branch tables.
fn described(input: &mut Input<'_>) -> Vec<u8> {
    let functions = 1 + usize::from(input.byte()) * 4;
    let locals = u64::from(input.number());
    let depth = usize::from(input.byte()) * 4;
    let branches = u64::from(input.number() % 4096);
    let pattern = input.bytes(64);
    let mut body = Vec::new();
    body.push(1);
    number(&mut body, locals);
    body.push(0x7f);
    body.extend(std::iter::repeat_n([0x02, 0x40], depth).flatten());
    for _ in 0..1 + usize::from(input.byte()) {
        for choice in pattern {
            body.extend(instruction(*choice, locals));
        }
    }
    if depth != 0 && branches != 0 {
        body.extend(b"\x41\0\x0e");
        number(&mut body, branches);
        body.extend(std::iter::repeat_n(0, branches as usize + 1));
    }
    body.extend(std::iter::repeat_n(0x0b, depth + 1));

    let functions = functions.min(1 + CODE / body.len());
    let mut module = MODULE.to_vec();
    section(&mut module, 1, b"\x01\x60\0\0");
    let mut types = Vec::new();
    number(&mut types, functions as u64);
    types.extend(std::iter::repeat_n(0, functions));
    section(&mut module, 3, &types);
    let mut code = Vec::new();
    number(&mut code, functions as u64);
    (0..functions).for_each(|_| sized(&mut code, &body));
    section(&mut module, 10, &code);
    module
}

/// An instruction, or a few, that leave nothing on the stack.
fn instruction(choice: u8, locals: u64) -> Vec<u8> {
    let local = (u64::from(choice) * 7).checked_rem(locals);
    let mut code = Vec::new();
    match (choice % 5, local) {
        (0, _) => code.extend(b"\x10\0"),
        (1, _) => code.extend(b"\x41\x2a\x1a"),
        (2, Some(local)) => {
            code.push(0x20);
            number(&mut code, local);
            code.extend(b"\x41\x01\x6a\x21");
            number(&mut code, local);
        }
        (3, Some(local)) => {
            code.push(0x20);
            number(&mut code, local);
            code.extend(b"\x04\x40\x10\0\x0b");
        }
        _ => code.push(0x01),
    }
    code
}

fn section(out: &mut Vec<u8>, id: u8, contents: &[u8]) {
    out.push(id);
    sized(out, contents);
}

fn sized(out: &mut Vec<u8>, contents: &[u8]) {
    number(out, contents.len() as u64);
    out.extend(contents);
}

/// LEB128.
fn number(out: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}
