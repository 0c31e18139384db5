//! Examples of plugins in other languages than Rust: each is copied as an outsider would copy it, tested,
//! built and checked by its own scripts, and used against real servers.

mod json_fields;
mod vectors;
mod webdav;

use std::{
    fs,
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

use cloakroom::{Cloakroom, CloakroomBuilder};
use cloakroom_tests::chain;

use crate::cli::binary;

/// A copy of an example, whose plugin was built and checked.
struct Example {
    folder: PathBuf,
    /// Output of `check.sh`.
    printed: String,
}

impl Example {
    /// Copies an example, changes the copy, and runs its `check.sh`.
    #[track_caller]
    fn check(name: &str, vars: &[(&str, &str)], change: impl Fn(&Path)) -> Self {
        let folder = scratch().join(name);
        let from = root().join("examples").join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(scratch()).unwrap();
        let copied = Command::new("cp").arg("-r").arg(&from).arg(&folder).status();
        assert!(copied.unwrap().success(), "cp");
        // Results of earlier builds, which a repository does not have.
        for ignored in fs::read_to_string(from.join(".gitignore")).unwrap().lines() {
            let path = folder.join(ignored.trim_matches('/'));
            let removed = Command::new("rm").arg("-rf").arg(path).status();
            assert!(removed.unwrap().success(), "rm");
        }
        change(&folder);
        let output = Command::new(folder.join("check.sh"))
            .env("CLOAKROOM", write_program(&folder))
            .envs(vars.iter().copied())
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{name}: {printed}{errors}");
        assert!(printed.ends_with(&format!("{name}: all checks passed\n")), "{printed}");
        assert!(printed.contains("round-trip") && !printed.contains("FAILED"), "{printed}");
        Self { folder, printed }
    }

    /// Runs the command line in the folder, and returns what it prints.
    #[track_caller]
    fn cloakroom(&self, args: &[&str], input: &str) -> String {
        let mut child = Command::new(self.folder.join("cloakroom.sh"))
            .args(args)
            .current_dir(&self.folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Opens a configuration in which `plugin.wasm` is this plugin.
    async fn open(&self, config: &str) -> Result<Cloakroom, cloakroom::Error> {
        let file = tempfile::Builder::new().suffix(".toml").tempfile_in(&self.folder).unwrap();
        fs::write(file.path(), config).unwrap();
        let cache = scratch().join("cache/cloakroom/compiled");
        CloakroomBuilder::file(file.path()).with_cache(cache).open().await
    }

    /// Opens its own configuration, with some parts replaced.
    async fn open_own(&self, changes: &[(&str, &str)]) -> Cloakroom {
        let mut text = fs::read_to_string(self.folder.join("cloakroom.toml")).unwrap();
        for (part, replacement) in changes {
            assert!(text.contains(part), "`{part}` is not in: {text}");
            text = text.replace(part, replacement);
        }
        self.open(&text).await.map_err(|error| chain(&error)).unwrap()
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

fn scratch() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("author_examples")
}

/// Writes a script that runs the command line with the cache of these tests, so that a plugin is compiled
/// once for both. The variable is for it alone: Go keeps its cache in that place too.
fn write_program(folder: &Path) -> PathBuf {
    let script = folder.join("cloakroom.sh");
    let (cache, program) = (scratch().join("cache"), binary());
    let text = format!(
        "#!/bin/sh\nXDG_CACHE_HOME='{}' exec '{}' \"$@\"\n",
        cache.display(),
        program.display()
    );
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    script
}

/// Examples hold the contract as an outsider would copy it, and no other text of it.
#[test]
fn the_contract_in_the_examples_is_the_contract() {
    let texts = |folder: PathBuf| {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let mut texts: Vec<_> = entries
            .filter(|path| path.extension().is_some_and(|extension| extension == "wit"))
            .map(|path| {
                let name = path.file_name().unwrap().to_owned();
                (name, fs::read_to_string(path).unwrap())
            })
            .collect();
        texts.sort();
        texts
    };
    let contract = texts(root().join("wit/v0.1"));
    for name in ["webdav-driver", "json-fields-codec"] {
        let copy = root().join("examples").join(name).join("wit/deps/cloakroom-plugin");
        assert!(texts(copy) == contract, "copy wit/v0.1 into examples/{name} again");
    }
}

/// Examples and templates are built with the same tools, which are installed once.
#[test]
fn the_examples_pin_the_tools_of_the_templates() {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let template = |path: &str| read(&format!("host/cli/templates/{path}"));
    let lock = template("typescript/any/package-lock.json").replace("{{name}}", "webdav-driver");
    assert!(read("examples/webdav-driver/package-lock.json") == lock, "copy package-lock.json");
    let pinned = template("python/any/requirements.txt");
    assert_eq!(read("examples/json-fields-codec/requirements.txt"), pinned);
    for file in ["runtime/runtime.go", "types/option.go", "types/result.go", "types/tuple.go"] {
        let path = format!("third_party/go-pkg/wit/{file}");
        let copied = read(&format!("examples/vector-codec/{path}"));
        assert!(copied == template(&format!("go/any/{path}")), "copy {path}");
    }
}
