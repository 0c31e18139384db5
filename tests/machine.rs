//! The machine that tests run on: what was set up for them, and how slow it may be.

use std::{
    env,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Bounds a wait for a condition that comes true, however busy the machine is.
pub const PATIENCE: Duration = Duration::from_secs(180);

/// Waits until a condition holds, where nothing tells of it and so it must be looked at again.
///
/// # Panics
/// If it does not hold within [`PATIENCE`].
pub async fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let give_up = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < give_up, "waited in vain until {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// The same, for tests without a runtime.
pub fn poll_until(what: &str, mut holds: impl FnMut() -> bool) {
    let give_up = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < give_up, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Python, with what `tests/python/requirements.txt` lists. Temporal's server stands beside it.
pub fn python() -> PathBuf {
    installed("CLOAKROOM_PYTHON", "python/bin/python")
}

/// A program that comes with [`python`].
pub fn program(name: &str) -> PathBuf {
    python().with_file_name(name)
}

/// A folder with a `node_modules` that has what `tests/node/package.json` lists.
pub fn node() -> PathBuf {
    installed("CLOAKROOM_NODE", "node")
}

/// The program of `tests/go`, built. That of `tests/go/visit` stands beside it.
pub fn go() -> PathBuf {
    installed("CLOAKROOM_GO", "go/sdks")
}

/// A folder with what `tests/dapr` holds, built: Dapr and the app in `go`, and in `python`,
/// `python-newer`, `node` and `java` what the other apps need.
pub fn dapr() -> PathBuf {
    installed("CLOAKROOM_DAPR", "dapr")
}

/// A folder with the `classes` of `tests/java`, and the `lib` that they need.
pub fn java() -> PathBuf {
    installed("CLOAKROOM_JAVA", "java")
}

/// A folder with a `node_modules` that has jco, as the template for TypeScript pins it.
pub fn jco() -> PathBuf {
    installed("CLOAKROOM_JCO", "jco")
}

/// A Python that has the package `ziglang`, as the template for C pins it.
pub fn zig() -> PathBuf {
    installed("CLOAKROOM_ZIG", "zig/bin/python")
}

/// Returns the path in `variable` if it is set. Otherwise returns `path` in the target directory,
/// where `cargo xtask setup` installs it.
fn installed(variable: &str, path: &str) -> PathBuf {
    if let Some(named) = env::var_os(variable) {
        return named.into();
    }
    let build = Path::new(env!("OUT_DIR")).ancestors().find(|folder| folder.ends_with("build"));
    let target = build.and_then(|build| build.ancestors().nth(2)).expect("a target directory");
    let found = target.join(path);
    assert!(found.exists(), "{} is missing: run `cargo xtask setup` once", found.display());
    found
}
