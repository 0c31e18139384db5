//! `cargo xtask bench`: what the sandbox costs, beside its peers.

use std::{env, path::Path};

use anyhow::Result;

use crate::{
    peers, python,
    run::{add_targets, cargo, root, target_dir},
};

const MANIFEST: &str = "tests/benches/Cargo.toml";

/// Runs the benchmark that the first of `args` names, or all of them.
pub(crate) fn measure(args: &[&str]) -> Result<()> {
    add_targets()?;
    // Storage is measured beside the official driver, against servers that come with Python.
    let python = python::set_up(&target_dir()?)?;
    let mut bench = vec!["bench", "--manifest-path", MANIFEST];
    if let Some(name) = args.first().filter(|name| is_bench(name)) {
        bench.extend(["--bench", name]);
    }
    bench.push("--");
    let args = absolute(args, &env::current_dir()?);
    bench.extend(args.iter().map(String::as_str));
    // Only if they are asked for: they take as long to build as all of Cloakroom.
    let is_peers = args.first().is_some_and(|name| name == "peers");
    let peers =
        if is_peers { peers::build()?.to_string_lossy().into_owned() } else { String::new() };
    let plugins = large_plugins()?;
    let vars = [
        ("CLOAKROOM_PYTHON", &*python.to_string_lossy()),
        ("CLOAKROOM_PEERS", &*peers),
        ("CLOAKROOM_PLUGINS", &*plugins),
    ];
    cargo(&bench, &vars)
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

fn is_bench(name: &str) -> bool {
    root().join("tests/benches/benches").join(name).join("main.rs").exists()
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
        assert!(is_bench("price") && is_bench("peers") && !is_bench("zstd"));
    }
}
