//! `cloakroom plugin run --trace`: calls that leave the sandbox, without secrets and queries.

use std::{fs, path::Path, process::Command};

use cloakroom_tests::{ROGUE_FETCH, ROGUE_HTTP, rigs};

use crate::cli::binary;

/// Stores "hello" with a plugin, and returns the trace and the log.
#[track_caller]
fn traced(plugin: &str, settings: &[&str], log: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let input = folder.path().join("input");
    fs::write(&input, "hello canary-payload").unwrap();
    let mut command = Command::new(binary());
    command.args(["plugin", "run", plugin, "--store", "--trace"]).arg(&input);
    for setting in settings {
        command.args(["--set", setting]);
    }
    let output = command.env("CLOAKROOM_LOG", log).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{error}");
    assert!(!error.contains("canary-payload"), "{error}");
    error
}

fn written(folder: &Path, bytes: &[u8]) -> String {
    let path = folder.join("plugin.wasm");
    fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Returns the lines of a function, without sizes and times.
fn calls(trace: &str, name: &str) -> Vec<String> {
    let of_function = trace.lines().filter(|line| line.starts_with(&format!("  host   {name} ")));
    let results = of_function.map(|line| {
        let (_, rest) = line.split_once(" -> ").unwrap();
        let unit = if rest.contains(" µs") { " µs" } else { " ms" };
        rest.split_once(unit).unwrap().1.trim().to_owned()
    });
    results.collect()
}

#[test]
fn requests_and_secrets_are_listed_without_what_is_secret() {
    let folder = tempfile::tempdir().unwrap();
    let plugin = written(folder.path(), ROGUE_HTTP);
    let trace = traced(&plugin, &["service=store", "secret=password"], "warn");
    // Once while it is loaded, and once for the object.
    assert_eq!(calls(&trace, "http.open"), ["ok  `store`"; 2], "{trace}");
    assert_eq!(calls(&trace, "secrets.get"), ["ok  `password`"], "{trace}");
    let requests = calls(&trace, "service.request");
    let [secret, put] = &requests[..] else { panic!("{trace}") };
    assert_eq!(secret, "404  `store` GET (a path with a secret)?...");
    assert!(put.starts_with("201  `store` PUT o/"), "{put}");
    assert!(trace.contains("service.request                  48 B ->"), "{trace}");
    assert!(!trace.contains("made-up-secret"), "{trace}");
}

/// Neither does the log of the library that WASI's HTTP comes from show paths, whatever is asked for.
#[test]
fn requests_of_wasi_are_listed_and_not_logged() {
    let folder = tempfile::tempdir().unwrap();
    let plugin = written(folder.path(), ROGUE_FETCH);
    let log = "trace,wasmtime_wasi_http=trace,wasmtime_wasi_http::p2=trace";
    let trace = traced(&plugin, &["url=http://store.test/v1/"], log);
    let requests = calls(&trace, "wasi:http.handle");
    assert!(requests.len() == 1, "{requests:?}");
    assert!(requests[0].starts_with("201  `http://store.test/v1/` PUT o/"), "{requests:?}");
    let logged = |target: &str| trace.lines().filter(|line| line.contains(target)).count();
    assert!(logged("DEBUG ") > 0, "nothing is logged");
    assert_eq!(logged("wasmtime_wasi"), 0, "{trace}");
}

#[test]
fn sockets_are_listed() {
    let address = rigs::redis().address().to_string();
    let trace = traced("bundled:redis", &[&format!("address={address}")], "warn");
    assert_eq!(calls(&trace, "wasi:sockets.connect"), [format!("ok  `{address}`")], "{trace}");
    for name in ["wasi:sockets.write", "wasi:sockets.read"] {
        let calls = calls(&trace, name);
        assert!(!calls.is_empty(), "no {name}: {trace}");
        assert!(calls.iter().all(|call| *call == format!("ok  `{address}`")), "{trace}");
    }
}
