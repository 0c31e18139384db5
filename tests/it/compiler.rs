//! A compiler in a process of its own: what ends it, and what is said then.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use cloakroom::{
    ByteSize, Codec as _, Error, ErrorKind,
    codec::Encoded,
    plugin::{CodeLimits, Grants, Host, Limits, Reuse, Settings, Source},
};
use cloakroom_tests::{assert_text, chain, ctx, plain, wait_until};
use expect_test::expect;
use futures::future::poll_immediate;

use crate::{
    cli,
    code_limits::{component, loops},
};

fn host(program: impl Into<PathBuf>, limits: Limits) -> Host {
    Host::builder().with_limits(limits).with_compiler(program).build().unwrap()
}

/// A program in the place of the compiler.
fn script(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("compiler");
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

async fn refused(host: &Host, source: Source) -> Error {
    host.load(source, Grants::none()).await.map(drop).unwrap_err()
}

fn bundled(name: &str) -> Source {
    cloakroom::plugin::bundled(name).unwrap()
}

/// Without a cache folder, so it is compiled.
#[tokio::test(flavor = "multi_thread")]
async fn what_it_compiles_runs_here() {
    let host = host(cli::binary(), Limits::default());
    let plugin = host.load(bundled("zlib"), Grants::none()).await;
    let plugin = plugin.map_err(|error| chain(&error)).unwrap();
    let codec = plugin.codec(Settings::none(), Reuse::Fresh).await.unwrap();
    let sent = plain("text ".repeat(100));
    let Encoded::Changed(encoded) = codec.encode(&ctx(), &sent).await.unwrap() else {
        panic!("left as it was");
    };
    assert_eq!(codec.decode(&ctx(), encoded).await.unwrap(), sent);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_ended_at_its_memory() {
    let code = CodeLimits { memory: ByteSize::mib(32), ..CodeLimits::default() };
    let host = host(cli::binary(), Limits { code, ..Limits::default() });
    let error = refused(&host, bundled("zstd")).await;
    assert_eq!(error.kind(), ErrorKind::PluginRejected, "{}", chain(&error));
    let text = chain(&error);
    assert_text(
        &text,
        &["32MiB", "`CodeLimits::memory`"],
        &expect![[r#"
            plugin `zstd`: needs more than 32MiB of memory to be compiled: raise the limit if this plugin is trusted (`CodeLimits::memory`)
        "#]],
    );
}

/// The component takes minutes to compile, and all limits but the time let it through.
#[tokio::test(flavor = "multi_thread")]
async fn it_is_ended_at_its_processor_time() {
    let code = CodeLimits {
        locals: u64::MAX,
        loop_depth: u64::MAX,
        function_work: u64::MAX,
        work: u64::MAX,
        time: Duration::from_secs(1),
        ..CodeLimits::default()
    };
    let limits = Limits { code, load: Duration::from_secs(3600), ..Limits::default() };
    let bomb = component(&[loops(2000, 2000)], 0);
    let error = refused(&host(cli::binary(), limits), Source::bytes("bomb", bomb)).await;
    assert_eq!(error.kind(), ErrorKind::PluginRejected, "{}", chain(&error));
    let text = chain(&error);
    assert_text(
        &text,
        &["1s", "`CodeLimits::time`"],
        &expect![[r#"
            plugin `bomb`: its compilation was ended: it takes more than 1s of processor time, or the system ended it (`CodeLimits::time`)
        "#]],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_code_is_the_plugins_fault() {
    let folder = tempfile::tempdir().unwrap();
    let host =
        host(script(folder.path(), r"printf 'bad \033[2J name' >&2; exit 3"), Limits::default());
    let error = refused(&host, bundled("zlib")).await;
    assert_eq!(error.kind(), ErrorKind::PluginRejected);
    let text = chain(&error);
    assert_text(
        &text,
        &[],
        &expect![[r#"
            plugin `zlib`: is not valid WebAssembly, or uses a feature this host does not have: bad  [2J name
        "#]],
    );
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_cannot_be_used_is_a_mistake_of_the_host() {
    let folder = tempfile::tempdir().unwrap();
    for (program, fact, snapshot) in [
        (
            script(folder.path(), "exit 4"),
            "",
            expect![[r#"
                plugin `zlib`: the compiler `[folder]/compiler` is another version of Cloakroom than this program: use the same
            "#]],
        ),
        (
            PathBuf::from("/nowhere/cloakroom"),
            "`/nowhere/cloakroom`",
            expect![[r#"
                plugin `zlib`: cannot run `/nowhere/cloakroom` to compile this plugin: No such file or directory (os error 2)
            "#]],
        ),
    ] {
        let error = refused(&host(program, Limits::default()), bundled("zlib")).await;
        assert_eq!(error.kind(), ErrorKind::Config, "{}", chain(&error));
        assert_text(&chain(&error), &[fact], &snapshot);
    }
}

/// A compiler that writes its process id and then waits for ever.
fn waits(folder: &Path) -> PathBuf {
    let started = folder.join("started");
    script(
        folder,
        &format!("echo $$ > {0}.new && mv {0}.new {0}\nexec sleep 360000", started.display()),
    )
}

async fn started(folder: &Path) -> PathBuf {
    let mut pid = None;
    wait_until("the compiler has started", || {
        pid = fs::read_to_string(folder.join("started")).ok();
        pid.is_some()
    })
    .await;
    Path::new("/proc").join(pid.unwrap_or_default().trim())
}

async fn gone(process: &Path) {
    wait_until("the compiler is gone", || !process.exists()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_with_the_time_of_the_load() {
    let folder = tempfile::tempdir().unwrap();
    let limits = Limits { load: Duration::from_millis(500), ..Limits::default() };
    let host = host(waits(folder.path()), limits);
    let error = refused(&host, bundled("zlib")).await;
    assert_eq!(error.kind(), ErrorKind::Busy, "{}", chain(&error));
    assert_text(
        &chain(&error),
        &["500ms", "`Limits::load`"],
        &expect![[r#"
            plugin `zlib`: was not loaded within 500ms: try again when the machine has less to do, or raise the limit if this plugin needs so long to be compiled (`Limits::load`)
        "#]],
    );
    gone(&started(folder.path()).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_when_nobody_waits_for_the_plugin() {
    let folder = tempfile::tempdir().unwrap();
    let host = host(waits(folder.path()), Limits::default());
    let mut load = Box::pin(host.load(bundled("zlib"), Grants::none()));
    assert!(poll_immediate(&mut load).await.is_none());
    let process = started(folder.path()).await;
    drop(load);
    gone(&process).await;
}
