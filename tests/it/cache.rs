//! The compile cache: used, verified, and refused where others could write.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use cloakroom::{
    Codec as _, ErrorKind,
    plugin::{Grants, Host, Reuse, Settings},
};
use cloakroom_tests::{assert_text, chain};
use expect_test::expect;

async fn encoding(cache: &Path, name: &str) -> String {
    let host = Host::builder().with_cache(cache).build().unwrap();
    let plugin =
        host.load(cloakroom::plugin::bundled(name).unwrap(), Grants::none()).await.unwrap();
    let codec = plugin.codec(Settings::none(), Reuse::Fresh).await.unwrap();
    codec.description().encodings[0].clone()
}

/// The files of one cache by plugin: code, and the note of its digest.
fn files(cache: &Path, name: &str) -> (std::path::PathBuf, std::path::PathBuf) {
    let digest = cloakroom::plugin::Digest::sha256(cloakroom_bundle_bytes(name));
    let entries = fs::read_dir(cache).unwrap().map(|entry| entry.unwrap().path());
    let ours = |path: &std::path::PathBuf| {
        path.file_name().unwrap().to_str().unwrap().starts_with(&digest.hex())
    };
    let code =
        entries.into_iter().filter(ours).find(|path| path.extension().unwrap() == "cwasm").unwrap();
    let note = code.with_extension("sha256");
    (code, note)
}

fn cloakroom_bundle_bytes(name: &str) -> &'static [u8] {
    cloakroom_bundle::find(name).unwrap().wasm
}

/// Cached code runs as it is: gzip's code in zlib's file is used, and not compiled anew.
#[tokio::test]
async fn the_second_start_does_not_compile() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    assert_eq!(encoding(&cache, "zlib").await, "binary/zlib");
    assert_eq!(encoding(&cache, "gzip").await, "binary/gzip");
    let ((zlib, zlib_note), (gzip, gzip_note)) = (files(&cache, "zlib"), files(&cache, "gzip"));
    fs::copy(gzip, zlib).unwrap();
    fs::copy(gzip_note, zlib_note).unwrap();
    assert_eq!(encoding(&cache, "zlib").await, "binary/gzip");
}

#[tokio::test]
async fn a_damaged_file_is_compiled_again() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    encoding(&cache, "zlib").await;
    let (code, note) = files(&cache, "zlib");
    let whole = fs::read(&code).unwrap();
    let mut damaged = whole.clone();
    damaged[whole.len() / 2] ^= 0xff;
    for bytes in [&damaged[..], &whole[..whole.len() / 2], b""] {
        fs::write(&code, bytes).unwrap();
        assert_eq!(encoding(&cache, "zlib").await, "binary/zlib");
        assert!(fs::read(&code).unwrap() == whole, "it was not replaced");
    }
    fs::write(&note, "sha256:nonsense").unwrap();
    assert_eq!(encoding(&cache, "zlib").await, "binary/zlib");
    // Even with a digest that fits, another compiler's code is not taken.
    fs::write(&code, b"not code").unwrap();
    fs::write(&note, cloakroom::plugin::Digest::sha256(b"not code").to_string()).unwrap();
    assert_eq!(encoding(&cache, "zlib").await, "binary/zlib");
}

#[test]
fn a_folder_that_others_may_write_to_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let error = Host::builder().with_cache(folder.path()).build().map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_text(
        &chain(&error),
        &["chmod 700"],
        &expect![[r#"
            cannot use `[folder]` as the compile cache: `[folder]`: others may write to it, and what is in the cache will be run: `chmod 700` it as the user who runs this, or choose another folder
        "#]],
    );
}

#[test]
fn a_folder_below_one_that_others_may_write_to_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("open/cache");
    fs::create_dir_all(&cache).unwrap();
    let open = folder.path().join("open");
    let build = || Host::builder().with_cache(&cache).build().map(drop);
    build().unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    let error = build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let facts = [open.to_str().unwrap(), "`chmod go-w`"];
    assert_text(
        &chain(&error),
        &facts,
        &expect![[r#"
            cannot use `[folder]/open/cache` as the compile cache: `[folder]/open`: others may write to this folder above it, and what is in the cache will be run: `chmod go-w` it as the user who runs this, or choose another folder
        "#]],
    );
}

/// Its digest fits, and still it is not what this user wrote.
#[tokio::test]
async fn a_file_that_others_may_write_to_and_a_link_are_not_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    encoding(&cache, "zlib").await;
    encoding(&cache, "gzip").await;
    let ((zlib, zlib_note), (gzip, gzip_note)) = (files(&cache, "zlib"), files(&cache, "gzip"));
    fs::copy(&gzip, &zlib).unwrap();
    fs::copy(&gzip_note, &zlib_note).unwrap();
    fs::set_permissions(&zlib, fs::Permissions::from_mode(0o666)).unwrap();
    assert_eq!(encoding(&cache, "zlib").await, "binary/zlib");
    fs::remove_file(&zlib).unwrap();
    std::os::unix::fs::symlink(&gzip, &zlib).unwrap();
    fs::copy(&gzip_note, &zlib_note).unwrap();
    assert_eq!(encoding(&cache, "zlib").await, "binary/zlib");
    assert!(fs::symlink_metadata(&zlib).unwrap().is_file(), "it was not replaced");
}

#[test]
fn a_new_folder_is_for_its_user_alone() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("a/b");
    Host::builder().with_cache(&cache).build().unwrap();
    assert_eq!(fs::metadata(&cache).unwrap().permissions().mode() & 0o777, 0o700);
}
