//! The files of the image: the program, the libraries that it needs, and certificates.

use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};

use crate::run::run;

/// Path of the program in the image.
pub(super) const PROGRAM: &str = "/usr/bin/cloakroom";

/// Folder of compiled plugins in the image.
const COMPILED: &str = "var/lib/cloakroom";

/// Certificates of public authorities, for `https:` stores and Temporal Cloud.
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Fills a folder with the image's files.
pub(super) fn fill(folder: &Path, program: &Path) -> Result<()> {
    copy(program, folder, Path::new(PROGRAM))?;
    for library in libraries(program)? {
        copy(&library, folder, &library)?;
    }
    // For plugins that the image does not hold compiled, and for `cloakroom demo`.
    fs::create_dir(folder.join("tmp"))?;
    fs::set_permissions(folder.join("tmp"), Permissions::from_mode(0o1777))?;
    copy(Path::new(AUTHORITIES), folder, Path::new(AUTHORITIES))?;
    // Without a user of this number, some tools say that nobody runs the process.
    write(folder, "etc/passwd", "cloakroom:x:65532:65532::/tmp:/usr/bin/nologin\n")?;
    // Without it, the C library's own order decides whether /etc/hosts comes before DNS.
    write(folder, "etc/nsswitch.conf", "hosts: files dns\n")
}

/// Compiles the plugins that a file names into [`COMPILED`].
///
/// A folder that a cluster mounts is no place for them: everybody in the pod can write to it.
pub(super) fn compile(folder: &Path, program: &Path, config: &Path) -> Result<()> {
    let into = folder.join(COMPILED);
    fs::create_dir_all(&into)?;
    let mut compile = Command::new(program);
    compile.arg("compile").arg("--config").arg(config).arg("--into").arg(&into);
    run(&mut compile, &format!("cloakroom compile --config {}", config.display()))
}

/// Returns the paths of the shared libraries that a program loads, its loader included.
fn libraries(program: &Path) -> Result<Vec<PathBuf>> {
    let output = Command::new("ldd").arg(program).output().context("cannot start ldd")?;
    ensure!(output.status.success(), "`ldd {}` ended with {}", program.display(), output.status);
    let text = String::from_utf8(output.stdout)?;
    ensure!(!text.contains("not found"), "a library is missing: {text}");
    // `name => path (address)`, or `path (address)` for the loader. What the kernel provides has no path.
    let paths = text.lines().filter_map(|line| {
        let path = line.split(' ').find(|word| word.trim_start().starts_with('/'))?;
        Some(PathBuf::from(path.trim_start()))
    });
    Ok(paths.collect())
}

fn copy(from: &Path, folder: &Path, to: &Path) -> Result<()> {
    let to = folder.join(to.strip_prefix("/")?);
    fs::create_dir_all(to.parent().context("a file without a folder")?)?;
    // Follows links: the image has the file under the name that the loader looks for.
    fs::copy(from, &to).with_context(|| format!("cannot copy {}", from.display()))?;
    Ok(())
}

fn write(folder: &Path, path: &str, text: &str) -> Result<()> {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().context("a file without a folder")?)?;
    Ok(fs::write(path, text)?)
}
