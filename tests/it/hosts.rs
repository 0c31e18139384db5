//! Pipelines that share a host, and what a host remembers of plugins that it has loaded.

use std::{
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Output, Stdio},
    time::Duration,
};

use cloakroom::{
    Cloakroom, CloakroomBuilder, Error, ErrorKind,
    plugin::{Grants, Host, Limits, PluginCodec, Reuse, Settings},
};
use cloakroom_tests::{assert_text, chain, compile_cache, ctx, plain, text};
use expect_test::expect;

use crate::cli;

const ZLIB: &str = "[[stage]]\nplugin = \"bundled:zlib\"\n";

async fn load(host: &Host, name: &str) -> Result<PluginCodec, Error> {
    let plugin = host.load(cloakroom::plugin::bundled(name)?, Grants::none()).await?;
    plugin.codec(Settings::none(), Reuse::Fresh).await
}

async fn works(cloakroom: &Cloakroom) {
    let sent = vec![plain(text(10_000))];
    let encoded = cloakroom.encode(&ctx(), sent.clone()).await.unwrap();
    assert_eq!(encoded[0].encoding(), Some("binary/zlib"));
    assert_eq!(cloakroom.decode(&ctx(), encoded).await.unwrap(), sent);
}

/// With a host each, the 168th would not open: there is no more address space.
#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_pipelines_share_one() {
    let host = Host::builder().with_cache(compile_cache()).build().unwrap();
    let mut open = Vec::new();
    for _ in 0..300 {
        open.push(CloakroomBuilder::text(ZLIB).with_host(&host).open().await.unwrap());
    }
    for cloakroom in &open {
        works(cloakroom).await;
    }
    assert!(host.compilations() <= 1, "compiled {} times", host.compilations());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_contradicts_the_shared_host_is_refused_with_both_values() {
    let limits = Limits { instances: 4.try_into().unwrap(), ..Limits::default() };
    let host = Host::builder().with_limits(limits).with_cache(compile_cache()).build().unwrap();
    let open = async |more: &str| {
        CloakroomBuilder::text(format!("{ZLIB}{more}")).with_host(&host).open().await
    };
    for (more, facts, snapshot) in [
        (
            "[limits]\ninstances = 5",
            ["`limits.instances` is 5", "4"],
            expect![[r#"
                configuration: `limits.instances` is 5 here and 4 in the host that is shared: remove `limits.instances` here, or build the host with 5
            "#]],
        ),
        (
            "[limits]\nmemory = \"1GiB\"",
            ["`limits.memory` is 1GiB", "64MiB"],
            expect![[r#"
                configuration: `limits.memory` is 1GiB here and 64MiB in the host that is shared: remove `limits.memory` here, or build the host with 1GiB
            "#]],
        ),
        (
            "[limits]\ntime = \"7s\"",
            ["`limits.time` is 7s", "5s"],
            expect![[r#"
                configuration: `limits.time` is 7s here and 5s in the host that is shared: remove `limits.time` here, or build the host with 7s
            "#]],
        ),
        (
            "[limits]\noutput = \"1MiB\"",
            ["`limits.output` is 1MiB", "128MiB"],
            expect![[r#"
                configuration: `limits.output` is 1MiB here and 128MiB in the host that is shared: remove `limits.output` here, or build the host with 1MiB
            "#]],
        ),
        (
            "[limits]\nheld = \"1MiB\"",
            ["`limits.held` is 1MiB", "384MiB"],
            expect![[r#"
                configuration: `limits.held` is 1MiB here and 384MiB in the host that is shared: remove `limits.held` here, or build the host with 1MiB
            "#]],
        ),
        (
            "[limits]\nentries = 7",
            ["`limits.entries` is 7", "4096"],
            expect![[r#"
                configuration: `limits.entries` is 7 here and 4096 in the host that is shared: remove `limits.entries` here, or build the host with 7
            "#]],
        ),
        (
            "[limits]\nhandles = 7",
            ["`limits.handles` is 7", "1024"],
            expect![[r#"
                configuration: `limits.handles` is 7 here and 1024 in the host that is shared: remove `limits.handles` here, or build the host with 7
            "#]],
        ),
        (
            "[limits]\nlog = \"1KiB\"",
            ["`limits.log` is 1KiB", "16KiB"],
            expect![[r#"
                configuration: `limits.log` is 1KiB here and 16KiB in the host that is shared: remove `limits.log` here, or build the host with 1KiB
            "#]],
        ),
        (
            "[limits]\ncomponent = \"1MiB\"",
            ["`limits.component` is 1MiB", "64MiB"],
            expect![[r#"
                configuration: `limits.component` is 1MiB here and 64MiB in the host that is shared: remove `limits.component` here, or build the host with 1MiB
            "#]],
        ),
        (
            "[limits]\ncall_bytes = \"1MiB\"",
            ["`limits.call_bytes` is 1MiB", "1GiB"],
            expect![[r#"
                configuration: `limits.call_bytes` is 1MiB here and 1GiB in the host that is shared: remove `limits.call_bytes` here, or build the host with 1MiB
            "#]],
        ),
        (
            "[limits]\nprocess_bytes = \"3GiB\"",
            ["`limits.process_bytes` is 3GiB", "2GiB"],
            expect![[r#"
                configuration: `limits.process_bytes` is 3GiB here and 2GiB in the host that is shared: remove `limits.process_bytes` here, or build the host with 3GiB
            "#]],
        ),
        (
            "[cache]\nfolder = \"/elsewhere\"",
            ["`cache.folder` is /elsewhere", ""],
            expect![[r#"
                configuration: `cache.folder` is /elsewhere here and [cache] in the host that is shared: remove `cache.folder` here, or build the host with /elsewhere
            "#]],
        ),
        (
            "[storage]\ntime = \"90s\"\n[[storage.driver]]\nname = \"d\"\nplugin = \"bundled:file\"",
            ["`storage.time` is 90s", "60s"],
            expect![[r#"
                configuration: `storage.time` is 90s here and 60s in the host that is shared: remove `storage.time` here, or build the host with 90s
            "#]],
        ),
    ] {
        let error = open(more).await.map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{more}");
        assert!(error.to_string().starts_with("configuration: "), "{error}");
        assert_text(&chain(&error), &facts, &snapshot);
    }
    // What is said of the pipeline alone, and what is the same, is no contradiction.
    let same = "[limits]\ninstances = 4\ntime = \"5s\"\npayload = \"1MiB\"";
    works(&open(same).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reload_keeps_the_shared_host_and_compiles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cloakroom.toml");
    fs::write(&path, ZLIB).unwrap();
    let host = Host::builder().build().unwrap();
    let cloakroom = CloakroomBuilder::file(&path).with_host(&host).open().await.unwrap();
    assert_eq!(host.compilations(), 1);
    fs::write(&path, format!("{ZLIB}settings = {{ level = 9 }}\n")).unwrap();
    cloakroom.reload().await.unwrap();
    cloakroom.replace(CloakroomBuilder::text(ZLIB)).await.unwrap();
    works(&cloakroom).await;
    assert_eq!(host.compilations(), 1);
    assert_eq!(cloakroom.host().compilations(), 1, "runs in another host");
    let contradiction = CloakroomBuilder::text(format!("{ZLIB}[limits]\ninstances = 5"));
    let error = cloakroom.replace(contradiction).await.unwrap_err();
    assert_text(
        &chain(&error),
        &["`limits.instances` is 5", "64"],
        &expect![[r#"
            configuration: `limits.instances` is 5 here and 64 in the host that is shared: remove `limits.instances` here, or build the host with 5
        "#]],
    );
    works(&cloakroom).await;
}

/// A host of its own is kept over a reload too.
#[tokio::test(flavor = "multi_thread")]
async fn a_reload_without_a_cache_folder_compiles_nothing() {
    let cloakroom = CloakroomBuilder::text(ZLIB).open().await.unwrap();
    let host = cloakroom.host();
    cloakroom.reload().await.unwrap();
    assert_eq!(host.compilations(), 1);
    works(&cloakroom).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_compiled_once_however_often_it_is_loaded() {
    let host = Host::builder().build().unwrap();
    let at_once = (0..8).map(|_| load(&host, "zlib"));
    for loaded in futures::future::join_all(at_once).await {
        loaded.unwrap();
    }
    // No plugin made of it lives, and it is remembered.
    load(&host, "zlib").await.unwrap();
    assert_eq!(host.compilations(), 1);
    load(&host, "gzip").await.unwrap();
    assert_eq!(host.compilations(), 2);
}

async fn fill(folder: &Path, name: &str) {
    let host = Host::builder().with_cache(folder).build().unwrap();
    let compiled = host.compile(&cloakroom::plugin::bundled(name).unwrap()).await.unwrap();
    assert!(compiled.is_new && compiled.path.starts_with(folder));
    let again = host.compile(&cloakroom::plugin::bundled(name).unwrap()).await.unwrap();
    assert!(!again.is_new && again.path == compiled.path && again.bytes == compiled.bytes);
    assert_eq!(host.compilations(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_may_not_compile_takes_what_a_folder_holds() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("compiled");
    fill(&cache, "zlib").await;
    let host = Host::builder().with_cache(&cache).with_precompiled_only().build().unwrap();
    works(&CloakroomBuilder::text(ZLIB).with_host(&host).open().await.unwrap()).await;
    assert_eq!(host.compilations(), 0);

    let error = load(&host, "gzip").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PluginRejected);
    let facts = ["plugin `gzip`", &cache.display().to_string(), "cloakroom compile --config FILE"];
    assert_text(
        &chain(&error),
        &facts,
        &expect![[r#"
            plugin `gzip`: is not in the compile cache `[folder]/compiled` as code for this processor, and this host may not compile: fill the folder with `cloakroom compile --config FILE --into FOLDER` (`HostBuilder::with_cache`)
        "#]],
    );
    let bare = Host::builder().with_precompiled_only().build().unwrap();
    let error = load(&bare, "zlib").await.unwrap_err();
    assert_text(
        &chain(&error),
        &["`zlib`"],
        &expect![[r#"
            plugin `zlib`: cannot be loaded: this host may not compile, and there is no compile cache: name a folder that `cloakroom compile --config FILE --into FOLDER` has filled (`HostBuilder::with_cache`)
        "#]],
    );
    let error = bare.compile(&cloakroom::plugin::bundled("zlib").unwrap()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
}

/// Runs the command line with at most so many KiB of address space.
fn within(kib: u64, config: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cloakroom.toml");
    fs::write(&path, config).unwrap();
    let run = format!("ulimit -v {kib} && exec \"$0\" encode --config \"$1\"");
    let mut command = Command::new("sh");
    command.args(["-c", &run]).arg(cli::binary()).arg(path);
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Refused before it reads.
    let _ = child.stdin.take().unwrap().write_all(b"{\"payloads\":[]}");
    child.wait_with_output().unwrap()
}

/// A host with fewer instances fits into limited address space, as the documentation says.
#[test]
fn fewer_instances_fit_into_less_address_space() {
    let refused = within(100 << 20, ZLIB);
    let says = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(2), "{says}");
    let facts = ["774GiB", "`ulimit -v`", "64 instances", "`limits.instances`"];
    assert_text(
        &says,
        &facts,
        &expect![[r#"
            error: [folder]/cloakroom.toml: the system does not give 774GiB of address space for 64 instances: raise `ulimit -v`, allow fewer, or have pipelines share one host (`limits.instances`)
              because: failed to create memory pool mapping
              because: mmap failed to reserve [offset] bytes
              because: Cannot allocate memory (os error 12)
        "#]],
    );
    let fits = within(100 << 20, &format!("{ZLIB}[limits]\ninstances = 4\n"));
    assert!(fits.status.success(), "{}", String::from_utf8_lossy(&fits.stderr));
}

/// Another engine names its files otherwise, and its code may run here all the same.
#[tokio::test(flavor = "multi_thread")]
async fn code_that_another_machine_compiled_is_taken_if_it_runs_here() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("compiled");
    fill(&cache, "zlib").await;
    for entry in fs::read_dir(&cache).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let (digest, rest) = name.split_once('-').unwrap();
        let (_, extension) = rest.split_once('.').unwrap();
        fs::rename(&path, cache.join(format!("{digest}-another.{extension}"))).unwrap();
    }
    let host = Host::builder().with_cache(&cache).build().unwrap();
    load(&host, "zlib").await.unwrap();
    assert_eq!(host.compilations(), 0);
}

/// Tokio's timers and threads would panic there.
#[test]
fn refuses_to_load_outside_of_a_runtime() {
    use futures::executor::block_on;

    let refused = |result: Result<(), Error>| {
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains("there is no Tokio runtime"), "{error}");
    };
    refused(block_on(CloakroomBuilder::text(ZLIB).open()).map(drop));
    refused(block_on(CloakroomBuilder::text(ZLIB).check()).map(drop));
    refused(block_on(Cloakroom::open("not-there.toml")).map(drop));

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let open = runtime.block_on(CloakroomBuilder::text(ZLIB).open()).unwrap();
    refused(block_on(open.reload()));
    refused(block_on(open.replace(CloakroomBuilder::text(ZLIB))));
    refused(open.watch(Duration::from_secs(1), |_| ()).map(drop));
}
