//! The build script that called, as Cargo describes it to itself.

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
};

use crate::{Error, guest::Guest};

/// What every guest is made from, beside its own folder.
const SHARED: [&str; 5] =
    ["Cargo.toml", "Cargo.lock", "guest-codecs/sdk/Cargo.toml", "guest-codecs/sdk/src", "wit"];

/// The build script that called.
pub(crate) struct Script {
    pub(crate) cargo: OsString,
    pub(crate) rustc: OsString,
    /// The machine that builds.
    pub(crate) host: String,
    pub(crate) out_dir: PathBuf,
    /// The root of this workspace, which need not be the workspace of who builds it.
    pub(crate) workspace: PathBuf,
}

impl Script {
    pub(crate) fn from_env() -> Result<Self, Error> {
        let get = |name| {
            env::var_os(name).ok_or_else(|| Error::new(format!("not in a build script: no {name}")))
        };
        Ok(Self {
            cargo: get("CARGO")?,
            rustc: get("RUSTC")?,
            host: get("HOST")?.to_string_lossy().into_owned(),
            out_dir: get("OUT_DIR")?.into(),
            workspace: workspace(Path::new(env!("CARGO_MANIFEST_DIR")))?,
        })
    }

    /// Where guests are built, for all outer builds that share a target directory.
    pub(crate) fn guests_dir(&self) -> PathBuf {
        target_root(&self.out_dir).join("guests")
    }

    #[expect(clippy::print_stdout, reason = "this is how a build script speaks to Cargo")]
    pub(crate) fn rerun_if_changed(&self, guests: &[Guest]) {
        let shared = SHARED.iter().map(|path| self.workspace.join(path));
        let own = guests.iter().flat_map(Guest::sources);
        for path in shared.chain(own) {
            println!("cargo::rerun-if-changed={}", path.display());
        }
    }
}

fn workspace(this_crate: &Path) -> Result<PathBuf, Error> {
    let root = this_crate.ancestors().nth(2).map(Path::to_owned);
    root.ok_or_else(|| Error::new("cloakroom-guest-build is not in its workspace"))
}

/// The target directory that an `OUT_DIR` is in. Cargo tags it for backup tools when it makes it, and
/// leaves a file of compiler facts in it when it is done; the count of folders between the two depends
/// on `--target` and on the version of Cargo.
fn target_root(out_dir: &Path) -> &Path {
    let marked = |dir: &&Path| {
        ["CACHEDIR.TAG", ".rustc_info.json"].iter().any(|mark| dir.join(mark).is_file())
    };
    let found = out_dir.ancestors().find(marked);
    found.or_else(|| out_dir.ancestors().nth(4)).unwrap_or(out_dir)
}
