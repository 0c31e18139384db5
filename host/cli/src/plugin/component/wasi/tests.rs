//! Tests of the stand-in.

use wasmparser::{Validator, WasmFeatures};

use super::*;

/// A module that imports these functions of preview 1, each with the type `(i32, i32) -> i32`.
fn importing(names: &[&str]) -> Vec<u8> {
    let (mut types, mut imports) = (TypeSection::new(), ImportSection::new());
    types.ty().function([ValType::I32; 4], [ValType::I32]);
    for name in names {
        imports.import(MODULE, name, EntityType::Function(0));
    }
    imports.import("env", "other", EntityType::Function(0));
    let mut module = Module::new();
    module.section(&types).section(&imports);
    module.finish()
}

#[test]
fn has_each_imported_function_once() {
    let stub = stub(&importing(&["fd_write", "random_get", "fd_write", "poll_oneoff"])).unwrap();
    Validator::new_with_features(WasmFeatures::default()).validate_all(&stub).unwrap();
    let mut names = Vec::new();
    for payload in Parser::new(0).parse_all(&stub) {
        if let Payload::ExportSection(section) = payload.unwrap() {
            names.extend(section.into_iter().map(|export| export.unwrap().name.to_owned()));
        }
    }
    assert_eq!(names, ["fd_write", "poll_oneoff", "random_get"]);
}

#[test]
fn refuses_what_is_no_module() {
    assert!(stub(b"no module").is_err());
}
