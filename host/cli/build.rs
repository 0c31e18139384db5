//! Embeds the contract and the templates of `cloakroom new`: each file with its path below its folder.

use std::{
    env,
    error::Error,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

fn main() -> Result<(), Box<dyn Error>> {
    let package = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let mut code = String::new();
    for (name, folder, about) in [
        ("CONTRACT", "wit/v0.1", "Files of the contract."),
        ("TEMPLATES", "templates", "Files of all templates."),
    ] {
        println!("cargo::rerun-if-changed={folder}");
        let mut files = Vec::new();
        list(&package.join(folder), Path::new(""), &mut files)?;
        files.sort();
        writeln!(code, "/// {about}\npub(crate) const {name}: &[(&str, &str)] = &[")?;
        for file in files {
            let path = package.join(folder).join(&file);
            writeln!(code, "    ({file:?}, include_str!({path:?})),")?;
        }
        code.push_str("];\n");
    }
    fs::write(Path::new(&env::var("OUT_DIR")?).join("embedded.rs"), code)?;
    Ok(())
}

/// Lists the files of a folder by their path below the first one, with slashes on every system.
fn list(folder: &Path, below: &Path, files: &mut Vec<String>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // Python writes it beside modules that somebody ran from here.
        if entry.file_name() == "__pycache__" {
            continue;
        }
        let below = below.join(entry.file_name());
        // Not the entry's own type: in the repository `wit` and packages in templates are links.
        if entry.path().is_dir() {
            list(&entry.path(), &below, files)?;
        } else {
            files.push(below.to_string_lossy().replace('\\', "/"));
        }
    }
    Ok(())
}
