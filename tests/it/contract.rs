//! The contract's text. Plugins that were built against it must load in every later host of its line.

use std::{fs, path::Path};

use aws_lc_rs::digest::{SHA256, digest};

/// Returns the text of `wit/v0.1`: files sorted, comments removed, whitespace normalised.
fn text() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wit/v0.1");
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    let mut text = String::new();
    for line in files.iter().flat_map(|file| {
        let file = fs::read_to_string(file).unwrap();
        file.lines().map(str::to_owned).collect::<Vec<_>>()
    }) {
        let code = line.split("//").next().unwrap_or_default();
        text.extend(code.split_whitespace().flat_map(|word| [word, " "]));
    }
    text
}

/// It grows by functions of imports and by optional interfaces, and not otherwise: whoever writes
/// another digest here has looked at the difference, and knows that old plugins still load.
#[test]
fn is_frozen() {
    let found = hex::encode(digest(&SHA256, text().as_bytes()));
    assert_eq!(
        found, "d11647b4a10bd521a1609876a2e709b15c7d7c655ae07c8bf1f43bcb17119eae",
        "the contract has changed"
    );
}
