//! `cargo xtask bench`: what the sandbox costs, beside its peers.

use std::{env, fs, path::Path};

use anyhow::{Context as _, Result, ensure};

use crate::{
    peers, python,
    run::{add_targets, cargo, root, target_dir},
};

const FOLDER: &str = "tests/benches/benches";

/// Packages that are built together: with others, their dependencies would have other features, and all of
/// them would be built again.
pub(crate) const PACKAGES: [&str; 6] =
    ["--package", "cloakroom-benches", "--package", "invoice", "--package", "cloakroom-cli"];

/// Benchmark that takes as long to build as all of Cloakroom, so it runs only if it is asked for.
const PEERS: &str = "peers";

/// Runs the benchmark that the first of `args` names, or all of them.
pub(crate) fn measure(args: &[&str]) -> Result<()> {
    add_targets()?;
    // Storage is measured beside the official driver, against servers that come with Python.
    let python = python::set_up(&target_dir()?)?;
    let benches = chosen(args)?;
    let mut bench = [&["bench"][..], &PACKAGES].concat();
    bench.extend(benches.iter().flat_map(|name| ["--bench", name]));
    bench.push("--");
    let args = absolute(args, &env::current_dir()?);
    bench.extend(args.iter().map(String::as_str));
    let has_peers = benches.iter().any(|name| name == PEERS);
    let peers =
        if has_peers { peers::build()?.to_string_lossy().into_owned() } else { String::new() };
    let plugins = large_plugins()?;
    let vars = [
        ("CLOAKROOM_PYTHON", &*python.to_string_lossy()),
        ("CLOAKROOM_PEERS", &*peers),
        ("CLOAKROOM_PLUGINS", &*plugins),
    ];
    cargo(&bench, &vars)
}

/// Returns the programs that measure what the first argument names, or all but the peers.
fn chosen(args: &[&str]) -> Result<Vec<String>> {
    let programs = programs()?;
    let Some(name) = args.first().filter(|name| !name.starts_with('-')) else {
        return Ok(programs.into_iter().filter(|program| program != PEERS).collect());
    };
    // The gateway before Dapr is measured by the same program as the one before Temporal.
    let program = if *name == "dapr" { "gateway" } else { name };
    ensure!(
        programs.iter().any(|known| known == program),
        "there is no benchmark `{name}`: there are {} and dapr",
        programs.join(", ")
    );
    Ok(vec![program.to_owned()])
}

/// Returns the names of all programs that measure.
fn programs() -> Result<Vec<String>> {
    let folder = root().join(FOLDER);
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {FOLDER}"))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        // It only makes the calls that `cargo xtask cost` and `cargo xtask profile` count.
        if path.join("main.rs").exists() && name != "cost" {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Returns the examples with Python and a JavaScript engine in them that the tests have built, as a list of
/// paths.
fn large_plugins() -> Result<String> {
    let folder = target_dir()?.join("tmp/author_examples");
    let files =
        ["json-fields-codec", "webdav-driver"].map(|name| folder.join(name).join("plugin.wasm"));
    let files = env::join_paths(files.iter().filter(|file| file.exists()))?;
    Ok(files.to_string_lossy().into_owned())
}

/// Returns the arguments with the file of `--json` in the caller's folder: Cargo starts a benchmark in
/// another.
fn absolute(args: &[&str], folder: &Path) -> Vec<String> {
    let mut before = "";
    let each = args.iter().map(|arg| {
        let is_file = before == "--json";
        before = *arg;
        if is_file { folder.join(arg).to_string_lossy().into_owned() } else { (*arg).to_owned() }
    });
    each.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_figures_into_the_folder_of_the_caller() {
        let args = ["price", "zstd", "--json", "figures.json"];
        let absolute = absolute(&args, Path::new("/caller"));
        assert_eq!(absolute, ["price", "zstd", "--json", "/caller/figures.json"]);
    }

    #[test]
    fn knows_the_benchmarks() {
        assert_eq!(chosen(&["price", "zstd"]).unwrap(), ["price"]);
        assert_eq!(chosen(&["dapr"]).unwrap(), ["gateway"]);
        let all = chosen(&["--json", "figures.json"]).unwrap();
        assert!(all.contains(&"storage".to_owned()) && !all.contains(&PEERS.to_owned()), "{all:?}");
        let error = chosen(&["zstd"]).unwrap_err().to_string();
        assert!(error.contains("there is no benchmark `zstd`"), "{error}");
    }
}
