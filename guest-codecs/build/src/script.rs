//! The build script that called, as Cargo describes it to itself.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

use super::{error::Error, guest::Guest, outer::OuterCargo};

/// Paths that every guest is built from, besides its own folder.
const SHARED: [&str; 9] = [
    "Cargo.toml",
    "Cargo.lock",
    "guest-codecs/deflate/Cargo.toml",
    "guest-codecs/deflate/src",
    "guest-codecs/object-store/Cargo.toml",
    "guest-codecs/object-store/src",
    "guest-codecs/sdk/Cargo.toml",
    "guest-codecs/sdk/src",
    "wit",
];

/// The build script that called.
pub(crate) struct Script {
    pub(crate) cargo: OsString,
    pub(crate) rustc: OsString,
    /// The machine that builds.
    pub(crate) host: String,
    /// The machine that the caller is built for.
    target: String,
    pub(crate) out_dir: PathBuf,
    /// The root of this workspace, which need not be the workspace of who builds it.
    pub(crate) workspace: PathBuf,
    /// The folder from which Cargo reads the configuration of who builds.
    ///
    /// Where the system does not show the outer Cargo's, the target directory has to do, which by
    /// default lies in the workspace of who builds.
    pub(crate) config_dir: PathBuf,
    /// Arguments of the outer Cargo that are the inner one's too.
    pub(crate) args: Vec<String>,
}

impl Script {
    pub(crate) fn from_env() -> Result<Self, Error> {
        let get = |name| {
            env::var_os(name).ok_or_else(|| Error::new(format!("not in a build script: no {name}")))
        };
        let out_dir = PathBuf::from(get("OUT_DIR")?);
        let target = get("TARGET")?.to_string_lossy().into_owned();
        let outer = OuterCargo::find();
        Ok(Self {
            cargo: get("CARGO")?,
            rustc: get("RUSTC")?,
            host: get("HOST")?.to_string_lossy().into_owned(),
            config_dir: outer.folder.unwrap_or_else(|| target_root(&out_dir, &target).to_owned()),
            args: outer.args,
            target,
            out_dir,
            workspace: workspace(Path::new(&get("CARGO_MANIFEST_DIR")?))?,
        })
    }

    /// Returns the folder that guests are built in. Outer builds with one target directory share it.
    pub(crate) fn guests_dir(&self) -> PathBuf {
        target_root(&self.out_dir, &self.target).join("guests")
    }

    #[allow(clippy::print_stdout, reason = "this is how a build script speaks to Cargo")]
    pub(crate) fn rerun_if_changed(&self, guests: &[Guest]) {
        let shared = SHARED.iter().map(|path| self.workspace.join(path));
        let own = guests.iter().flat_map(Guest::sources);
        for path in shared.chain(own) {
            println!("cargo::rerun-if-changed={}", path.display());
        }
        // Another rustup has targets of its own.
        println!("cargo::rerun-if-env-changed=RUSTUP_HOME");
    }
}

fn workspace(built: &Path) -> Result<PathBuf, Error> {
    let root = built.ancestors().find(|dir| dir.join("guest-codecs/build/Cargo.toml").is_file());
    let root = root.map(Path::to_owned);
    root.ok_or_else(|| Error::new("not in the workspace of cloakroom-guest-build"))
}

/// Returns the target directory that contains an `OUT_DIR`: `<root>/debug/build/…/out`, or, for an outer build with
/// `--target`, `<root>/<target>/debug/build/…/out`.
fn target_root<'a>(out_dir: &'a Path, target: &str) -> &'a Path {
    let build = out_dir.ancestors().find(|dir| dir.ends_with("build"));
    match build.and_then(|build| build.ancestors().nth(2)) {
        Some(root) if root.ends_with(target) => root.parent().unwrap_or(root),
        Some(root) => root,
        None => out_dir,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(out_dir: &str, expect: &str) {
        let root = target_root(Path::new(out_dir), "x86_64-unknown-linux-gnu");
        assert_eq!(root, Path::new(expect));
    }

    #[test]
    fn all_outer_builds_share_one_root() {
        check("/house/target/debug/build/bundle-1/out", "/house/target");
        check("/house/target/release/build/bundle-2/out", "/house/target");
        check("/house/target/x86_64-unknown-linux-gnu/debug/build/bundle-3/out", "/house/target");
        // As newer versions of Cargo lay it out.
        check("/house/target/debug/build/bundle/4/out", "/house/target");
    }

    #[test]
    fn a_folder_elsewhere_is_its_own_root() {
        check("/somewhere", "/somewhere");
    }
}
