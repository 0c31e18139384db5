//! Components that would keep a compiler busy for minutes: refused before it sees them.

use bytes::Bytes;
use cloakroom::{
    ErrorKind,
    plugin::{CodeLimits, CodeSize, Grants, Host, Limits, Source},
};
use cloakroom_tests::{assert_text, assert_texts, chain};
use expect_test::expect;
use wasm_encoder::{
    BlockType, CodeSection, Component, ComponentExportKind, ComponentExportSection,
    ComponentInstanceSection, ConstExpr, Function, FunctionSection, GlobalSection, GlobalType,
    Instruction, Module, ModuleSection, NestedComponentSection, TypeSection, ValType,
};

/// A component that looks like a codec from outside, with these core modules and components inside.
pub(crate) fn component(modules: &[Module], components: usize) -> Bytes {
    let mut component = Component::new();
    for module in modules {
        component.section(&ModuleSection(module));
    }
    for _ in 0..components {
        component.section(&NestedComponentSection(&Component::new()));
    }
    let mut instances = ComponentInstanceSection::new();
    let none: [(&str, ComponentExportKind, u32); 0] = [];
    instances.export_items(none);
    component.section(&instances);
    let mut exports = ComponentExportSection::new();
    exports.export("cloakroom:plugin/codec@0.1.1", ComponentExportKind::Instance, 0, None);
    component.section(&exports);
    component.finish().into()
}

/// A module of `count` functions with `locals` and a body each, and a type with `values` parameters.
fn module(count: u32, locals: u32, values: usize, body: impl Fn(&mut Function)) -> Module {
    let (mut types, mut functions) = (TypeSection::new(), FunctionSection::new());
    types.ty().function([], []);
    types.ty().function(vec![ValType::I32; values], []);
    let mut code = CodeSection::new();
    for _ in 0..count {
        functions.function(0);
        let mut function = Function::new([(locals, ValType::I32)]);
        body(&mut function);
        function.instruction(&Instruction::End);
        code.function(&function);
    }
    let mut module = Module::new();
    module.section(&types).section(&functions).section(&code);
    module
}

/// Loops in each other, of which the innermost changes all locals: 66 KB took 90 s and a gigabyte.
pub(crate) fn loops(depth: u32, locals: u32) -> Module {
    module(1, locals, 0, |function| {
        for _ in 0..depth {
            function.instruction(&Instruction::Loop(BlockType::Empty));
        }
        for local in 0..locals {
            function.instruction(&Instruction::LocalGet(local));
            function.instruction(&Instruction::I32Const(1));
            function.instruction(&Instruction::I32Add);
            function.instruction(&Instruction::LocalSet(local));
        }
        for level in 0..depth {
            function.instruction(&Instruction::LocalGet(level % locals));
            function.instruction(&Instruction::BrIf(0));
            function.instruction(&Instruction::End);
        }
    })
}

fn blocks(count: u32) -> impl Fn(&mut Function) {
    move |function| {
        for _ in 0..count {
            function.instruction(&Instruction::Block(BlockType::Empty));
            function.instruction(&Instruction::End);
        }
    }
}

fn table(targets: usize) -> impl Fn(&mut Function) {
    move |function| {
        function.instruction(&Instruction::I32Const(0));
        function.instruction(&Instruction::BrTable(vec![0; targets].into(), 0));
    }
}

fn globals(count: usize) -> Module {
    let mut globals = GlobalSection::new();
    for _ in 0..count {
        let ty = GlobalType { val_type: ValType::I32, mutable: false, shared: false };
        globals.global(ty, &ConstExpr::i32_const(0));
    }
    let mut module = Module::new();
    module.section(&globals);
    module
}

async fn refusal(component: Bytes, code: CodeLimits) -> String {
    let host = Host::builder().with_limits(Limits { code, ..Limits::default() }).build().unwrap();
    let loaded = host.load(Source::bytes("bomb", component), Grants::none()).await;
    let error = loaded.map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PluginRejected, "{}", chain(&error));
    if chain(&error).contains("limits.code") {
        assert_eq!(host.compilations(), 0);
    }
    chain(&error)
}

#[tokio::test]
async fn bombs_are_refused_before_they_are_compiled() {
    let long = |function: &mut Function| {
        for _ in 0..1_100_000 {
            function.instruction(&Instruction::Nop);
        }
    };
    let one = |module: Module| component(&[module], 0);
    let mut seen = Vec::new();
    for (component, number, key, limit) in [
        (one(loops(5000, 5000)), "5000 locals", "locals", "1024"),
        (one(loops(5000, 1000)), "5000 loops", "loop_depth", "32"),
        (one(module(1, 0, 0, long)), "11000", "function", "1048576"),
        (one(module(1, 50_000, 0, blocks(1))), "50000 locals", "locals", "1024"),
        (one(module(1, 0, 0, table(70_000))), "70001 blocks", "blocks", "65536"),
        (one(module(1, 0, 1000, blocks(1))), "1000 parameters", "values", "64"),
        (one(module(70_000, 0, 0, blocks(0))), "70000 functions", "functions", "65536"),
        (one(module(1, 1000, 0, blocks(12_000))), "units of work", "function_work", "32000000"),
        (one(module(1, 1000, 0, table(6000))), "units of work", "function_work", "32000000"),
        (one(module(60, 1000, 0, blocks(3000))), "units of work", "work", "300000000"),
        (one(globals(210_000)), "210002 definitions", "definitions", "200000"),
        (component(&vec![Module::new(); 600], 0), "600 core modules", "modules", "512"),
        (component(&[], 20), "20 components", "components", "16"),
    ] {
        let text = refusal(component, CodeLimits::default()).await;
        for fact in [number, &format!("limit is {limit}:"), &format!("(`CodeLimits::{key}`)")] {
            assert!(text.contains(fact), "no {fact} in {text}");
        }
        seen.push(text);
    }
    assert_texts(
        &seen,
        &expect![[r#"
            plugin `bomb`: has 5000 locals in one function, and the limit is 1024: it was not compiled, since that could take minutes and gigabytes; raise the limit if this plugin is trusted (`CodeLimits::locals`)
            plugin `bomb`: has 5000 loops within loops, and the limit is 32: it was not compiled, since that could take minutes and gigabytes; raise the limit if this plugin is trusted (`CodeLimits::loop_depth`)
            plugin `bomb`: has 1100004 bytes in one function, and the limit is 1048576: it was not compiled, since that could take minutes and gigabytes; raise the limit if this plugin is trusted (`CodeLimits::function`)
            plugin `bomb`: has 50000 locals in one function, and the limit is 1024: it was not compiled, since that could take minutes and gigabytes; raise the limit if this plugin is trusted (`CodeLimits::locals`)
            plugin `bomb`: has 70001 blocks, branches and calls in one function, and the limit is 65536: it was not compiled, since that could take minutes and gigabytes; raise the limit if this plugin is trusted (`CodeLimits::blocks`)
            plugin `bomb`: has 1000 parameters and results in one function type, and the limit is 64: it was not compiled, since that could take minutes and gigabytes; raise the limit if this plugin is trusted (`CodeLimits::values`)
            plugin `bomb`: has 70000 functions, and the limit is 65536: it was not compiled, since that could take minutes and gigabytes; raise the limit if this plugin is trusted (`CodeLimits::functions`)
            plugin `bomb`: has 60168220 units of work for a compiler in one function, and the limit is 32000000: it was not compiled, since that could take minutes and gigabytes; raise the limit if this plugin is trusted (`CodeLimits::function_work`)
            plugin `bomb`: has 581294934 units of work for a compiler in one function, and the limit is 32000000: it was not compiled, since that could take minutes and gigabytes; raise the limit if this plugin is trusted (`CodeLimits::function_work`)
            plugin `bomb`: has 497533200 units of work for a compiler, and the limit is 300000000: it was not compiled, since that could take minutes and gigabytes; raise the limit if this plugin is trusted (`CodeLimits::work`)
            plugin `bomb`: has 210002 definitions outside of functions, and the limit is 200000: it was not compiled, since that could take minutes and gigabytes; raise the limit if this plugin is trusted (`CodeLimits::definitions`)
            plugin `bomb`: has 600 core modules and instances of them, and the limit is 512: it was not compiled, since that could take minutes and gigabytes; raise the limit if this plugin is trusted (`CodeLimits::modules`)
            plugin `bomb`: has 20 components and instances inside, and the limit is 16: it was not compiled, since that could take minutes and gigabytes; raise the limit if this plugin is trusted (`CodeLimits::components`)
        "#]],
    );
}

#[tokio::test]
async fn a_limit_that_is_raised_lets_more_through() {
    let component = component(&[module(1, 2000, 0, blocks(1))], 0);
    let text = refusal(component.clone(), CodeLimits::default()).await;
    assert_text(
        &text,
        &["2000", "1024", "CodeLimits::locals"],
        &expect![[r#"
            plugin `bomb`: has 2000 locals in one function, and the limit is 1024: it was not compiled, since that could take minutes and gigabytes; raise the limit if this plugin is trusted (`CodeLimits::locals`)
        "#]],
    );
    let text = refusal(component, CodeLimits { locals: 2000, ..CodeLimits::default() }).await;
    assert_text(
        &text,
        &[],
        &expect![[r#"
            plugin `bomb`: exports a codec or a driver without its functions
        "#]],
    );
}

/// The defaults leave room: twice what the largest bundled plugin has.
#[test]
fn bundled_plugins_stay_far_below_the_defaults() {
    let half = CodeLimits::default();
    let half = CodeLimits {
        function: cloakroom::ByteSize::bytes(half.function.get() / 2),
        locals: half.locals / 2,
        blocks: half.blocks / 2,
        loop_depth: half.loop_depth / 2,
        values: half.values / 2,
        functions: half.functions / 2,
        function_work: half.function_work / 2,
        work: half.work / 2,
        definitions: half.definitions / 2,
        modules: half.modules / 2,
        components: half.components / 2,
        ..half
    };
    for name in cloakroom::plugin::bundled_names() {
        let size = CodeSize::measure(cloakroom_bundle::find(name).unwrap().wasm).unwrap();
        size.check(&half).map_err(|error| format!("{name}: {error}")).unwrap();
        assert!(size.functions > 100 && size.work > 100_000, "{name}: {size:?}");
    }
}

/// `inspect` only reads: what it is given may be anybody's.
#[test]
fn inspect_does_not_compile() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.wasm");
    std::fs::write(&path, component(&[loops(5000, 1000)], 0)).unwrap();
    let path = path.to_str().unwrap();
    let out = crate::cli::check(&crate::cli::run(&["inspect", path], ""), 0, &["units of work"]);
    assert!(!out.contains("encodings"), "{out}");
    let args = ["inspect", path, "--describe"];
    let says = ["limits.code.loop_depth", "5000 loops"];
    crate::cli::check(&crate::cli::run(&args, ""), 0, &says);
}
