//! Tests of local copies: what somebody with access to the folder can do.

use std::os::unix::fs::symlink;

use super::*;
use crate::package::Package;

const LARGEST: ByteSize = ByteSize::kib(1);

fn artifact(component: &'static [u8]) -> Artifact {
    let package = Package::new(Bytes::from_static(component), &[], &[]);
    let raw = package.manifest();
    let (digest, manifest) = Artifact::check_manifest(&raw, None, LARGEST).unwrap();
    Artifact::new(digest, raw, manifest, package.component().clone()).unwrap()
}

fn kept() -> (tempfile::TempDir, LocalCopies, Artifact, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let copies = LocalCopies::new(folder.path().join("plugins"));
    let artifact = artifact(b"\0asm component");
    let path = copies.keep(&artifact).unwrap();
    (folder, copies, artifact, path)
}

#[test]
fn a_copy_is_read_as_it_was_kept() {
    let (_folder, copies, artifact, path) = kept();
    let read = copies.read(artifact.digest(), LARGEST).unwrap();
    assert_eq!(read.component(), artifact.component());
    assert_eq!(read.raw_manifest(), artifact.raw_manifest());
    assert!(copies.contains(artifact.digest()));
    assert_eq!(copies.keep(&artifact).unwrap(), path);
    let entries = fs::read_dir(path.parent().unwrap()).unwrap().count();
    assert_eq!(entries, 1, "nothing unfinished is left");
}

#[test]
fn a_changed_copy_is_refused_and_replaced() {
    for (file, bytes) in [
        (COMPONENT, &b"\0asm c0mponent"[..]),
        (COMPONENT, b"\0asm component and more"),
        (COMPONENT, b""),
        (MANIFEST, b"{}"),
        (MANIFEST, b""),
    ] {
        let (_folder, copies, artifact, path) = kept();
        fs::write(path.join(file), bytes).unwrap();
        let error = copies.read(artifact.digest(), LARGEST).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
        copies.keep(&artifact).unwrap();
        assert!(copies.read(artifact.digest(), LARGEST).is_ok());
    }
}

#[test]
fn a_whole_manifest_of_another_plugin_is_refused() {
    let (_folder, copies, mine, path) = kept();
    let other = artifact(b"\0asm another");
    fs::remove_dir_all(&path).unwrap();
    fs::rename(copies.keep(&other).unwrap(), &path).unwrap();
    let error = copies.read(mine.digest(), LARGEST).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
}

#[test]
fn links_and_folders_are_not_followed() {
    let (folder, copies, artifact, path) = kept();
    let elsewhere = folder.path().join("elsewhere");
    fs::rename(path.join(COMPONENT), &elsewhere).unwrap();
    symlink(&elsewhere, path.join(COMPONENT)).unwrap();
    let error = copies.read(artifact.digest(), LARGEST).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    fs::remove_file(path.join(COMPONENT)).unwrap();
    let error = copies.read(artifact.digest(), LARGEST).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    fs::create_dir(path.join(COMPONENT)).unwrap();
    let error = copies.read(artifact.digest(), LARGEST).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
}

#[test]
fn a_lower_limit_holds_for_old_copies_too() {
    let (_folder, copies, artifact, _) = kept();
    let error = copies.read(artifact.digest(), ByteSize::bytes(3)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PluginRejected, "{error}");
}
