use std::env;

use super::*;

/// Returns a blob by its descriptor, whose digest and size it has.
fn read(folder: &Path, descriptor: &Value) -> Vec<u8> {
    let name = descriptor["digest"].as_str().unwrap().strip_prefix("sha256:").unwrap();
    let bytes = fs::read(folder.join("blobs/sha256").join(name)).unwrap();
    assert_eq!(hex(&Sha256::digest(&bytes)), name);
    assert_eq!(descriptor["size"], bytes.len());
    bytes
}

fn parse(folder: &Path, descriptor: &Value) -> Value {
    serde_json::from_slice(&read(folder, descriptor)).unwrap()
}

/// The program of this test starts from nothing but the image's files.
#[test]
fn the_program_runs_with_the_files_of_the_image_alone() {
    let folder = tempfile::tempdir().unwrap();
    let image = folder.path().join("image");
    write_image(&env::current_exe().unwrap(), None, &image).unwrap();
    let index: Value =
        serde_json::from_slice(&fs::read(image.join("index.json")).unwrap()).unwrap();
    let manifest = parse(&image, &index["manifests"][0]);
    let config = parse(&image, &manifest["config"]);
    let layer = folder.path().join("layer.tar.gz");
    fs::write(&layer, read(&image, &manifest["layers"][0])).unwrap();

    let unpacked = output(Command::new("gzip").args(["-dc"]).arg(&layer)).unwrap();
    assert_eq!(config["rootfs"]["diff_ids"], json!([digest(&unpacked)]));
    let root = folder.path().join("root");
    fs::create_dir(&root).unwrap();
    run(Command::new("tar").arg("-xzf").arg(&layer).arg("-C").arg(&root));
    let entry = config["config"]["Entrypoint"][0].as_str().unwrap();
    let mut start = Command::new("unshare");
    start.args(["--user", "--map-root-user", "chroot"]).arg(&root).args([entry, "--list"]);
    let listed = output(&mut start).unwrap();
    let listed = String::from_utf8(listed).unwrap();
    assert!(listed.contains("the_program_runs_with_the_files_of_the_image_alone"), "{listed}");
}

fn run(command: &mut Command) {
    assert!(command.status().unwrap().success());
}

#[test]
fn the_same_program_gives_the_same_image() {
    let folder = tempfile::tempdir().unwrap();
    let index = |name: &str| {
        let image = folder.path().join(name);
        write_image(Path::new("/bin/true"), None, &image).unwrap();
        // Over an older image, which is removed.
        write_image(Path::new("/bin/true"), None, &image).unwrap();
        assert_eq!(fs::read_dir(image.join("blobs/sha256")).unwrap().count(), 3);
        fs::read(image.join("index.json")).unwrap()
    };
    assert_eq!(index("one"), index("other"));
}

#[test]
fn a_folder_of_something_else_stays() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    fs::write(&kept, "kept").unwrap();
    let error = write_image(Path::new("/bin/true"), None, folder.path()).unwrap_err();
    assert!(error.to_string().contains("is no image"), "{error}");
    assert!(kept.exists());
}
