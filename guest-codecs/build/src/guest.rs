//! One package to build.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::error::Error;

/// One package to build.
#[derive(Debug)]
pub(crate) struct Guest {
    pub(crate) folder: PathBuf,
    pub(crate) package: String,
}

impl Guest {
    pub(crate) fn read(workspace: &Path, folder: &str) -> Result<Self, Error> {
        let folder = workspace.join(folder);
        let manifest = folder.join("Cargo.toml");
        let text = fs::read_to_string(&manifest)
            .map_err(|error| Error::new(format!("cannot read {}: {error}", manifest.display())))?;
        let package = package_name(&text)
            .ok_or_else(|| Error::new(format!("no package is named in {}", manifest.display())))?;
        Ok(Self { folder, package })
    }

    /// Returns the file name of its component.
    pub(crate) fn file(&self) -> String {
        format!("{}.wasm", self.package.replace('-', "_"))
    }

    /// Returns the paths that it alone is built from.
    pub(crate) fn sources(&self) -> [PathBuf; 2] {
        [self.folder.join("Cargo.toml"), self.folder.join("src")]
    }
}

/// The first `name` of a manifest, which in this workspace is the package's.
fn package_name(manifest: &str) -> Option<String> {
    let line = manifest.lines().find_map(|line| line.strip_prefix("name = \""))?;
    line.strip_suffix('"').map(ToOwned::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(manifest: &str, expect: Option<&str>) {
        assert_eq!(package_name(manifest).as_deref(), expect);
    }

    #[test]
    fn takes_the_name_of_the_package() {
        check("[package]\nname = \"my-codec\"\n\n[[bin]]\nname = \"other\"\n", Some("my-codec"));
        check("[workspace]\n", None);
    }

    #[test]
    fn names_the_file_after_the_library() {
        let guest = Guest { folder: PathBuf::new(), package: "my-codec".to_owned() };
        assert_eq!(guest.file(), "my_codec.wasm");
    }

    #[test]
    fn says_which_manifest_is_missing() {
        let error = Guest::read(Path::new("/nowhere"), "guest").unwrap_err().to_string();
        assert!(error.starts_with("cannot read /nowhere/guest/Cargo.toml"), "{error}");
    }
}
