//! Lines that `new` ends with: the next commands.

use std::path::Path;

use super::{args::Language, sdk::Sdk};

/// Returns what to do next in a new repository.
pub(super) fn steps(folder: &Path, lang: Language, sdk: Option<&Sdk>) -> String {
    let folder = folder.display();
    let needs = match lang {
        Language::Rust => "Rust with rustup",
        Language::TypeScript => "Node 20 or newer",
        Language::Python => "Python 3.10 or newer",
        Language::C => "Python 3 (the C compiler comes from PyPI)",
        Language::Go => "Go 1.25 or newer",
    };
    let mut text = format!(
        "Wrote {folder}, which needs {needs}.\n\nNext:\n  cd {folder}\n  ./check.sh      # test, build \
         and check the plugin\n  ./build.sh      # only build plugin.wasm\n\nREADME.md says what each \
         file is for.\n"
    );
    match sdk {
        Some(Sdk::Checkout(sdk)) => text.push_str(&format!(
            "Cargo.toml takes the SDK from {}, until `cloakroom-guest` is published.\n",
            sdk.display()
        )),
        Some(Sdk::Published) => text.push_str(
            "Cargo.toml takes the SDK from crates.io. If `cloakroom-guest` is not there yet, pass \
             --sdk with the folder guest-codecs/sdk of a checkout of Cloakroom.\n",
        ),
        None => {}
    }
    text
}
