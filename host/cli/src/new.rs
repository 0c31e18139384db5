//! Command `new`: writes a repository for a plugin.

pub(crate) mod args;
mod name;
mod next;
mod sdk;
mod template;

use std::{
    fs,
    io::{self, Write as _},
    path::Path,
};

use self::{
    args::{Language, New},
    template::Template,
};
use crate::failure::Failure;

/// Writes the repository, and prints the next commands.
///
/// # Errors
/// Usage if the name cannot be used or the folder exists; an operation if a file cannot be written.
pub(crate) fn run(args: &New) -> Result<(), Failure> {
    name::check(&args.name, args.lang).map_err(Failure::usage)?;
    let folder = args.path.clone().unwrap_or_else(|| (&args.name).into());
    if folder.exists() {
        return Err(Failure::usage(format!(
            "{} exists already: choose another name, or another folder with --path",
            folder.display()
        )));
    }
    let sdk = match args.lang {
        Language::Rust => Some(sdk::find(args.sdk.as_deref())?),
        _ => None,
    };
    let template = Template::new(args.kind, args.lang, &args.name, sdk.as_ref());
    for file in template.files() {
        write(&folder.join(file.path), &file.text)?;
    }
    let steps = next::steps(&folder, args.lang, sdk.as_ref());
    Ok(io::stdout().lock().write_all(steps.as_bytes())?)
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    let written = (|| {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text)?;
        make_executable(path)
    })();
    written.map_err(|error| Failure::io(error, format!("cannot write {}", path.display())))
}

/// Scripts are started by their path. Other systems than Unix have no such bit.
fn make_executable(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if path.extension().is_some_and(|extension| extension == "sh") {
        use std::os::unix::fs::PermissionsExt as _;

        let mut permissions = fs::metadata(path)?.permissions();
        // Whoever may read it may run it, as far as the user's mask allows reading.
        permissions.set_mode(permissions.mode() | (permissions.mode() & 0o444) >> 2);
        fs::set_permissions(path, permissions)?;
    }
    Ok(())
}
