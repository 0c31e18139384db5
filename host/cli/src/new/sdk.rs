//! The SDK that a repository in Rust depends on.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use crate::failure::Failure;

/// The SDK, as a manifest names it.
pub(crate) enum Sdk {
    /// A folder of a checkout.
    Checkout(PathBuf),
    /// The published crate of this program's version.
    Published,
}

impl Sdk {
    /// Returns the value of the dependency, as TOML.
    pub(crate) fn dependency(&self) -> String {
        match self {
            Self::Checkout(folder) => {
                let folder = toml_string(&folder.to_string_lossy());
                format!("{{ version = \"{}\", path = {folder} }}", env!("CARGO_PKG_VERSION"))
            }
            Self::Published => format!("\"{}\"", env!("CARGO_PKG_VERSION")),
        }
    }
}

/// Where the SDK is in a checkout.
const IN_CHECKOUT: &str = "guest-codecs/sdk";

/// Returns the SDK in `given`, or the one of the checkout that this program or the current folder is
/// in, or the published one.
///
/// # Errors
/// Usage if `given` is not the SDK.
pub(crate) fn find(given: Option<&Path>) -> Result<Sdk, Failure> {
    if let Some(folder) = given {
        return checked(folder).map(Sdk::Checkout).ok_or_else(|| {
            Failure::usage(format!(
                "{} is not the crate `cloakroom-guest`: pass --sdk with the folder {IN_CHECKOUT} of \
                 a checkout of Cloakroom",
                folder.display()
            ))
        });
    }
    let starts = [env::current_exe().ok(), env::current_dir().ok()];
    let above = starts.iter().flatten().flat_map(|start| start.ancestors());
    let found = above.filter_map(|folder| checked(&folder.join(IN_CHECKOUT))).next();
    Ok(found.map_or(Sdk::Published, Sdk::Checkout))
}

/// Returns the whole path of a folder if it has the SDK.
fn checked(folder: &Path) -> Option<PathBuf> {
    let manifest = fs::read_to_string(folder.join("Cargo.toml")).ok()?;
    let is_sdk = manifest.lines().any(|line| line == "name = \"cloakroom-guest\"");
    if is_sdk { folder.canonicalize().ok() } else { None }
}

/// Returns a text as a string of TOML.
fn toml_string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_sdk_of_the_checkout() {
        let Sdk::Checkout(folder) = find(None).unwrap() else { panic!("the published one") };
        assert!(folder.ends_with(IN_CHECKOUT), "{}", folder.display());
        let given = find(Some(&folder)).unwrap().dependency();
        assert!(given.contains("path = \"") && given.contains("guest-codecs"), "{given}");
    }

    #[test]
    fn refuses_another_folder() {
        let Err(error) = find(Some(Path::new("/"))) else { panic!("taken") };
        assert!(error.to_string().contains("is not the crate `cloakroom-guest`"), "{error}");
    }
}
