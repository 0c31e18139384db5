//! Tools of the templates of `cloakroom new`, as the templates pin them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use crate::{
    node, python,
    run::{root, run},
    stamp,
};

const TEMPLATES: &str = "host/cli/templates";

/// Installs jco, and returns the folder of its `node_modules`.
pub(crate) fn jco(target: &Path) -> Result<PathBuf> {
    let template = root().join(TEMPLATES).join("typescript/any");
    let [manifest, lock] = ["package.json", "package-lock.json"].map(|name| {
        Ok::<_, std::io::Error>(
            fs::read_to_string(template.join(name))?.replace("{{name}}", "template"),
        )
    });
    let folder = target.join("jco");
    node::install(&manifest?, &lock?, &folder)?;
    Ok(folder)
}

/// Installs the C compiler, and returns the Python that runs it.
pub(crate) fn zig(target: &Path) -> Result<PathBuf> {
    let pinned = root().join(TEMPLATES).join("c/any/requirements.txt");
    let folder = target.join("zig");
    let mut interpreter = folder.join(python::INTERPRETER);
    stamp::once(&folder, &fs::read_to_string(&pinned)?, || {
        interpreter = python::make(&folder)?;
        let mut install = Command::new(&interpreter);
        install.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
        install.arg("--requirement").arg(&pinned);
        run(&mut install, "pip install ziglang")
    })?;
    Ok(interpreter)
}
