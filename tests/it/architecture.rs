//! Invariants of the architecture: dependencies, sizes of files, links, versions.

mod imports;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn dependencies(manifest: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join(manifest).join("Cargo.toml")).unwrap();
    let manifest: toml::Table = text.parse().unwrap();
    let table = manifest.get("dependencies").and_then(toml::Value::as_table);
    table.into_iter().flat_map(|table| table.keys().cloned()).collect()
}

/// Which crates of ours each crate may name.
#[test]
fn dependencies_point_one_way() {
    let allowed = BTreeMap::from([
        ("host/conformance", vec!["cloakroom-core"]),
        ("host/core", vec![]),
        (
            "host/dapr",
            vec!["cloakroom-core", "cloakroom-grpc", "cloakroom-pipeline", "cloakroom-wire"],
        ),
        ("host/grpc", vec!["cloakroom-core", "cloakroom-pipeline"]),
        ("host/keys", vec!["cloakroom-core", "cloakroom-stores"]),
        ("host/kms", vec!["cloakroom-core", "cloakroom-stores"]),
        ("host/pipeline", vec!["cloakroom-core"]),
        ("host/plugin", vec!["cloakroom-core"]),
        ("host/registry", vec!["cloakroom-core"]),
        ("host/stores", vec!["cloakroom-core"]),
        (
            "host/temporal",
            vec!["cloakroom-core", "cloakroom-grpc", "cloakroom-pipeline", "cloakroom-wire"],
        ),
        ("host/wire", vec![]),
        (
            "host",
            vec![
                "cloakroom-bundle",
                "cloakroom-core",
                "cloakroom-dapr",
                "cloakroom-keys",
                "cloakroom-kms",
                "cloakroom-pipeline",
                "cloakroom-plugin",
                "cloakroom-registry",
                "cloakroom-stores",
                "cloakroom-temporal",
            ],
        ),
        ("host/cli", vec!["cloakroom", "cloakroom-conformance"]),
        ("guest-codecs/sdk", vec![]),
        ("guest-codecs/bundle", vec![]),
    ]);
    for (crate_, allowed) in allowed {
        let ours: Vec<_> =
            dependencies(crate_).into_iter().filter(|name| name.starts_with("cloakroom")).collect();
        for name in ours {
            assert!(allowed.contains(&&*name), "{crate_} may not depend on {name}");
        }
    }
}

/// Crates that may be named by few of ours only.
#[test]
fn what_is_known_where() {
    for (name, may) in [
        ("wasmtime", &["host/plugin"][..]),
        ("wasmtime-wasi", &["host/plugin"]),
        ("serde", &["host", "host/cli", "host/registry", "host/temporal"]),
        ("anyhow", &["host/cli"]),
        ("object_store", &["host/stores"]),
        (
            "tokio",
            &[
                "host",
                "host/cli",
                "host/dapr",
                "host/grpc",
                "host/keys",
                "host/pipeline",
                "host/plugin",
                "host/temporal",
            ],
        ),
        ("temporalio-common", &["host/temporal"]),
        ("hyper", &["host/dapr", "host/grpc", "host/stores", "host/temporal"]),
        ("reqwest", &["host/grpc", "host/kms", "host/registry", "host/stores"]),
        ("toml_edit", &["host"]),
        (
            "metrics",
            &[
                "host",
                "host/cli",
                "host/dapr",
                "host/grpc",
                "host/keys",
                "host/pipeline",
                "host/plugin",
                "host/temporal",
            ],
        ),
    ] {
        for crate_ in [
            "host",
            "host/cli",
            "host/conformance",
            "host/core",
            "host/dapr",
            "host/grpc",
            "host/keys",
            "host/kms",
            "host/pipeline",
            "host/plugin",
            "host/registry",
            "host/stores",
            "host/temporal",
            "host/wire",
            "guest-codecs/sdk",
        ] {
            let has = dependencies(crate_).iter().any(|dependency| dependency == name);
            assert!(!has || may.contains(&crate_), "{crate_} knows of {name}");
        }
    }
}

/// A file uses the files that define what it names, whatever re-exports it names them by.
#[test]
fn files_do_not_import_each_other_in_circles() {
    let mut folders: Vec<_> = [
        "",
        "cli",
        "conformance",
        "core",
        "dapr",
        "grpc",
        "keys",
        "kms",
        "pipeline",
        "plugin",
        "registry",
        "stores",
        "temporal",
        "wire",
    ]
    .map(|crate_| root().join("host").join(crate_))
    .into();
    let guests = fs::read_dir(root().join("guest-codecs")).unwrap();
    folders.extend(guests.map(|entry| entry.unwrap().path()));
    let mut text = String::new();
    for folder in folders {
        let roots = ["src/lib.rs", "src/main.rs"].map(|name| folder.join(name));
        let Some(file) = roots.into_iter().find(|file| file.exists()) else { continue };
        for cycle in imports::cycles(&imports::Crate::read(&file).uses()) {
            let names = cycle.iter().map(|file| file.strip_prefix(root()).unwrap());
            let names: Vec<_> = names.map(|name| name.to_str().unwrap().to_owned()).collect();
            text += &format!("{}\n", names.join("\n    "));
        }
    }
    assert!(text.is_empty(), "each of these files imports the others:\n{text}");
}

/// Returns the rooms of a folder, each with the rooms that it uses. A room is a folder and the file
/// beside it. Files of the folder that `holds` refuses, which join the rooms, are no rooms.
fn rooms(
    crate_: &str,
    folder: &str,
    holds: impl Fn(&Path) -> bool,
) -> BTreeMap<PathBuf, BTreeSet<PathBuf>> {
    let source = root().join(crate_).join("src");
    let folder = source.join(folder);
    let room = |file: &Path| -> Option<PathBuf> {
        let inside = file.strip_prefix(&folder).ok()?;
        let room = Path::new(inside.components().next()?.as_os_str()).with_extension("");
        holds(&room).then_some(room)
    };
    let mut rooms = BTreeMap::<_, BTreeSet<_>>::new();
    for (file, used) in imports::Crate::read(&source.join("lib.rs")).uses() {
        let Some(from) = room(&file) else { continue };
        let used = used.iter().filter_map(|file| room(file)).filter(|other| *other != from);
        rooms.entry(from.clone()).or_default().extend(used);
    }
    rooms
}

fn uses(rooms: &BTreeMap<PathBuf, BTreeSet<PathBuf>>, room: &str, other: &str) -> bool {
    rooms[Path::new(room)].contains(Path::new(other))
}

/// The rooms of the sandbox stand above each other. Types of the crate's root, which makes plugins of
/// the rooms, are rooms as well.
#[test]
fn rooms_of_the_sandbox_do_not_import_each_other_in_circles() {
    let rooms = rooms("host/plugin", "", |_| true);
    assert!(uses(&rooms, "pool", "contract") && uses(&rooms, "contract", "instance"), "{rooms:?}");
    let cycles = imports::cycles(&rooms);
    assert!(cycles.is_empty(), "each of these rooms imports the others: {cycles:?}");
}

/// The same of the exchange with Temporal. Its single files are tools, or join the rooms.
#[test]
fn rooms_of_the_exchange_do_not_import_each_other_in_circles() {
    let folder = root().join("host/temporal/src/exchange");
    let rooms = rooms("host/temporal", "exchange", |room| folder.join(room).is_dir());
    assert!(uses(&rooms, "substitute", "call") && uses(&rooms, "limits", "context"), "{rooms:?}");
    let cycles = imports::cycles(&rooms);
    assert!(cycles.is_empty(), "each of these rooms imports the others: {cycles:?}");
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy();
        if path.is_dir() && name != "target" && name != ".venv" {
            sources(&path, found);
        } else if name.ends_with(".rs") {
            found.push(path);
        }
    }
}

#[test]
fn files_can_be_read_in_one_sitting() {
    let mut found = Vec::new();
    for folder in ["host", "guest-codecs"] {
        sources(&root().join(folder), &mut found);
    }
    assert!(found.len() > 60);
    let mut lengths = Vec::new();
    for path in found {
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().count();
        assert!(lines <= 300, "{} has {lines} lines", path.display());
        assert_ne!(path.file_name().unwrap(), "mod.rs", "{}", path.display());
        assert!(
            text.starts_with("//!") || text.starts_with("#![doc"),
            "{} does not say what it is",
            path.display()
        );
        lengths.push(lines);
    }
    lengths.sort_unstable();
    assert!(
        lengths[lengths.len() / 2] <= 150,
        "the median file has {} lines",
        lengths[lengths.len() / 2]
    );
}

/// Guests import the contract, and only plugins know of the contract's text.
#[test]
fn every_item_of_the_contract_is_documented() {
    for entry in fs::read_dir(root().join("wit/v0.1")).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let mut above = "";
        for line in text.lines().map(str::trim) {
            let item = [
                "interface ",
                "world ",
                "resource ",
                "record ",
                "variant ",
                "enum ",
                "constructor(",
                "type ",
            ]
            .iter()
            .any(|start| line.starts_with(start))
                || line.contains(": func(")
                || line.contains(": static func(");
            assert!(
                !item || above.starts_with("///"),
                "{}: `{line}` has no documentation",
                path.display()
            );
            above = line;
        }
    }
}

/// The page for authors shows the SDK's examples, and its first one is on the SDK's front page: all are
/// compiled, and their tests run.
#[test]
fn authors_are_shown_plugins_that_are_tested() {
    let page = fs::read_to_string(root().join("host/docs/authors/README.md")).unwrap();
    let sdk = fs::read_to_string(root().join("guest-codecs/sdk/src/lib.rs")).unwrap();
    for example in ["reverse", "flat"] {
        let path = root().join("guest-codecs/sdk/examples").join(example).with_extension("rs");
        let source = fs::read_to_string(path).unwrap();
        let (_, source) = source.split_once("\n\n").unwrap();
        let (plugin, tests) = source.split_once("\n#[cfg(test)]").unwrap();
        assert!(page.contains(plugin), "the page does not show the plugin `{example}`");
        assert!(page.contains(tests), "the page does not show the tests of `{example}`");
        let shown: String =
            plugin.lines().map(|line| format!("//! {line}").trim_end().to_owned() + "\n").collect();
        assert_eq!(sdk.contains(&shown), example == "reverse", "the SDK's front page: `{example}`");
        let lines = if example == "reverse" { 20 } else { 30 };
        assert!(plugin.trim().lines().count() <= lines, "`{example}` is long");
    }
}

/// The README shows the lines of a worker that is compiled as an example.
#[test]
fn the_readme_shows_a_worker_that_is_compiled() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let compiled = fs::read_to_string(root().join("host/docs/temporal.md")).unwrap();
    let compiled = compiled.split("```").find(|block| block.starts_with("rust,no_run")).unwrap();
    let shown = readme.split("```").find_map(|block| block.strip_prefix("rs\n")).unwrap();
    for line in shown.lines() {
        assert!(compiled.contains(line), "`{line}` is not compiled");
    }
}

/// No test and no example in the documentation is ignored: an ignored one is forgotten.
#[test]
fn no_test_is_ignored() {
    let mut found = crate::docs::page_files();
    found.push(root().join("README.md"));
    for folder in ["host", "guest-codecs", "tests/it"] {
        sources(&root().join(folder), &mut found);
    }
    for path in found {
        let text = fs::read_to_string(&path).unwrap();
        for skipped in
            [concat!("#[", "ignore"), concat!("```", "ignore"), concat!("rust,", "ignore")]
        {
            assert!(!text.contains(skipped), "{} has `{skipped}`", path.display());
        }
    }
}

/// Metrics and logs name the version that plugins run in.
#[test]
fn the_version_of_wasmtime_is_the_locked_one() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).unwrap();
    let expect = format!(
        "name = \"wasmtime\"\nversion = \"{}\"\n",
        cloakroom::inspect::BuildInfo::current().wasmtime
    );
    assert!(lock.contains(&expect), "set `WASMTIME` in host/plugin/src/lib.rs");
}

/// Links of the README and of the pages lead to files.
#[test]
fn every_link_leads_somewhere() {
    let mut pages = crate::docs::page_files();
    let others = [
        "README.md",
        "SECURITY.md",
        "CONTRIBUTING.md",
        "examples/README.md",
        "examples/agent/README.md",
        "examples/alerts/README.md",
        "examples/document-pipeline/README.md",
        "examples/invoice/README.md",
        "examples/json-fields-codec/README.md",
        "examples/vector-codec/README.md",
        "examples/webdav-driver/README.md",
        "guest-codecs/README.md",
        "wit/README.md",
    ];
    pages.extend(others.map(|page| root().join(page)));
    let mut followed = 0;
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = link.split('#').next().unwrap();
            // The front page links items of the crate, too, as rustdoc does.
            if !file.is_empty() && !link.contains("::") && !link.contains("://") {
                let target = page.parent().unwrap().join(file);
                assert!(target.exists(), "{}: `{link}` leads nowhere", page.display());
                followed += 1;
            }
        }
    }
    assert!(followed > 40, "{followed} links were found");
}

#[test]
fn the_readme_is_read_in_one_sitting() {
    let lines = fs::read_to_string(root().join("README.md")).unwrap().lines().count();
    assert!(lines <= 150, "{lines} lines: move some of them to host/docs");
}
