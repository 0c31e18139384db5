//! `cloakroom compile`, and builds without a compiler.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use cloakroom::{
    CloakroomBuilder, Codec as _,
    codec::Encoded,
    plugin::{Digest, Grants, Host, Reuse, Settings},
};
use cloakroom_tests::{assert_text, chain, ctx, plain, ring, text};
use expect_test::expect;

use crate::cli;

/// A stage with keys, and storage with a bucket, of which neither is there.
const CONFIG: &str = r#"
[[stage]]
plugin = "bundled:zstd"
[[stage]]
plugin = "bundled:aes-gcm"
required = true
settings = { ring = "payments" }
grants.keys = ["payments"]
[keys.payments]
current = "k"
material = { "k" = { env = "CLOAKROOM_NO_SUCH_VARIABLE" } }
[storage]
[[storage.driver]]
name = "aws.s3driver"
plugin = "bundled:s3"
settings = { bucket = "payloads" }
grants.buckets = ["payloads"]
[buckets.payloads]
url = "s3://nowhere"
secret_access_key = { file = "/nowhere" }
"#;

fn compile(folder: &Path, args: &[&str]) -> Output {
    Command::new(cli::binary())
        .args(["compile", "--config"])
        .arg(folder.join("cloakroom.toml"))
        .args(args)
        .env_remove("HOME")
        .env_remove("XDG_CACHE_HOME")
        .output()
        .unwrap()
}

#[track_caller]
fn table(output: &Output) -> Vec<Vec<String>> {
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    assert!(err.is_empty(), "progress is for terminals: {err}");
    out.lines()
        .map(|line| line.split("   ").map(str::trim).filter(|cell| !cell.is_empty()))
        .map(|cells| cells.map(str::to_owned).collect())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filled_folder_saves_a_process_all_compiling() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("cloakroom.toml"), CONFIG).unwrap();
    let into = folder.path().join("compiled");
    let arg = ["--into", into.to_str().unwrap()];
    let rows = table(&compile(folder.path(), &arg));
    assert_eq!(rows[0], ["plugin", "digest", "where", "bytes"]);
    for (row, name) in rows[1..].iter().zip(["zstd", "aes-gcm", "s3"]) {
        let digest = Digest::sha256(cloakroom_bundle::find(name).unwrap().wasm);
        assert_eq!(row[..2], [name.to_owned(), digest.to_string()]);
        let bytes: u64 = row[3].replace(',', "").parse().unwrap();
        assert_eq!(fs::metadata(&row[2]).unwrap().len(), bytes);
        assert_eq!(row[4], "compiled");
    }
    let again = table(&compile(folder.path(), &arg));
    assert!(again[1..].iter().all(|row| row[4] == "unchanged") && again.len() == 4, "{again:?}");

    let host = Host::builder().with_cache(&into).build().unwrap();
    let config = CONFIG.replace("secret_access_key", "#").replace("[keys.payments]\ncurrent", "#");
    let config = config.replace("material", "#");
    let opening = CloakroomBuilder::text(config).with_key_ring("payments", ring()).with_host(&host);
    let cloakroom = opening.open().await.map_err(|error| chain(&error)).unwrap();
    let sent = vec![plain(text(10_000))];
    let sealed = cloakroom.encode(&ctx(), sent.clone()).await.unwrap();
    assert_eq!(cloakroom.decode(&ctx(), sealed).await.unwrap(), sent);
    assert_eq!(host.compilations(), 0);
}

/// A folder that is filled for images: code for less than the machine that filled it has. The code for more is
/// not loaded by a machine that lacks it, and filled all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_filled_for_processors_that_have_less() {
    let folder = tempfile::tempdir().unwrap();
    let config = "[[stage]]\nplugin = \"bundled:snappy\"\n";
    fs::write(folder.path().join("cloakroom.toml"), config).unwrap();
    let fill = |into: &Path, processor: &str| {
        let args = ["--into", into.to_str().unwrap(), "--processor", processor];
        table(&compile(folder.path(), &args))[1].clone()
    };
    let (any, this) = (folder.path().join("any"), folder.path().join("this"));
    let compiled = fill(&any, "any");
    assert_eq!((&*compiled[4], &*fill(&any, "any")[4]), ("compiled", "unchanged"));
    let native = fill(&this, "this");
    let name = |row: &[String]| Path::new(&row[2]).file_name().unwrap().to_owned();
    assert_ne!(name(&compiled), name(&native));
    assert!(fs::read(&compiled[2]).unwrap() != fs::read(&native[2]).unwrap());
    if cfg!(target_arch = "x86_64") {
        // Beside the code that runs everywhere, which does not count.
        let rows = [fill(&any, "x86-64-v4"), fill(&any, "x86-64-v4")];
        assert_eq!(rows.map(|row| row[4].clone()), ["compiled", "unchanged"]);
    }

    // What runs everywhere runs here, in a host that compiles nothing.
    for file in fs::read_dir(&any).unwrap().map(|file| file.unwrap().path()) {
        if file.file_stem() != Path::new(&compiled[2]).file_stem() {
            fs::remove_file(file).unwrap();
        }
    }
    let host = Host::builder().with_cache(&any).with_precompiled_only().build().unwrap();
    let snappy = cloakroom::plugin::bundled("snappy").unwrap();
    let loaded = host.load(snappy, Grants::none()).await.map_err(|error| chain(&error)).unwrap();
    let codec = loaded.codec(Settings::none(), Reuse::Fresh).await.unwrap();
    let sent = plain(text(10_000));
    let Encoded::Changed(encoded) = codec.encode(&ctx(), &sent).await.unwrap() else {
        panic!("left as it was");
    };
    assert_eq!(codec.decode(&ctx(), encoded).await.unwrap(), sent);
}

#[test]
fn an_unknown_processor_is_refused_with_those_that_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let output = compile(folder.path(), &["--processor", "x86-64-v5"]);
    assert_eq!(output.status.code(), Some(2));
    let err = String::from_utf8_lossy(&output.stderr);
    let facts = ["x86-64-v5", "this, any, x86-64-v2, x86-64-v3, x86-64-v4"];
    assert_text(
        &err,
        &facts,
        &expect![[r#"
            error: invalid value 'x86-64-v5' for '--processor <NAME>': no such processor: use one of this, any, x86-64-v2, x86-64-v3, x86-64-v4

            For more information, try '--help'.
        "#]],
    );
}

#[test]
fn the_folder_of_the_configuration_is_filled_unless_another_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let config = "[[stage]]\nplugin = \"bundled:snappy\"\n[cache]\nfolder = \"here\"\n";
    fs::write(folder.path().join("cloakroom.toml"), config).unwrap();
    let rows = table(&compile(folder.path(), &[]));
    assert!(rows[1][2].starts_with(folder.path().join("here").to_str().unwrap()), "{rows:?}");
}

#[test]
fn what_cannot_be_compiled_is_a_mistake_in_the_configuration() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("not.wasm"), "not").unwrap();
    let into = folder.path().join("compiled");
    let into = ["--into", into.to_str().unwrap()];
    for (config, args, facts, snapshot) in [
        (
            "[[stage]]\nplugin = \"bundled:zsdt\"",
            &into[..],
            "`zstd`",
            expect![[r#"
            error: [folder]/cloakroom.toml, line 2: stage 1 (`bundled:zsdt`): no bundled plugin is called `zsdt`; did you mean `zstd`?
        "#]],
        ),
        (
            "[[stage]]\nplugin = \"file:not.wasm\"",
            &into,
            "not.wasm`",
            expect![[r#"
            error: plugin `not` (`[folder]/not.wasm`): is not a WebAssembly component: it begins with other bytes than `\0asm`
        "#]],
        ),
        (
            "[[stage]]\nplugin = \"file:gone.wasm\"",
            &into,
            "gone.wasm",
            expect![[r#"
            error: plugin `gone` (`[folder]/gone.wasm`): cannot read the plugin's file
              because: No such file or directory (os error 2)
        "#]],
        ),
        (
            "[[stage]\n",
            &into,
            "cloakroom.toml, line 1",
            expect![[r#"
            error: [folder]/cloakroom.toml, line 1: unclosed array table, expected `]`
        "#]],
        ),
        (
            "[[stage]]\nplugin = \"bundled:zstd\"",
            &[],
            "--into",
            expect![[r#"
                error: no folder to compile into: set one with --into
            "#]],
        ),
    ] {
        fs::write(folder.path().join("cloakroom.toml"), config).unwrap();
        let output = compile(folder.path(), args);
        let err = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{config}: {err}");
        assert_text(&err, &[facts], &snapshot);
    }
}

/// The packages that a build of the command line, or of the library, would have.
fn packages(args: &[&str]) -> String {
    let tree = ["tree", "--offline", "--edges", "normal", "--prefix", "none"];
    let output = Command::new(env!("CARGO")).args(tree).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// `cargo xtask lint` compiles them; here the compiler is looked for.
#[test]
fn the_compiler_can_be_left_out() {
    let without = ["--no-default-features"];
    for (package, features) in
        [("cloakroom", &["--features", "bundled"][..]), ("cloakroom-cli", &[])]
    {
        let package = ["--package", package];
        assert!(packages(&package).contains("cranelift-codegen"), "{package:?}");
        let bare = packages(&[&package[..], &without, features].concat());
        assert!(bare.contains("wasmtime ") && !bare.contains("cranelift-codegen"), "{package:?}");
    }
}
