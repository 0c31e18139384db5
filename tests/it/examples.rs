//! The programs in `examples`, as `cargo run -p cloakroom --example NAME` runs them.

use std::{fs, path::Path, process::Command};

use crate::cli::built;

/// Runs an example without a server and without configuration, and returns what it prints.
#[track_caller]
fn run(name: &str) -> String {
    let output = Command::new(built(name)).env_clear().output().unwrap();
    let [out, err] = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
    assert!(output.status.success(), "{out}{err}");
    assert_eq!(err, "");
    out
}

/// Returns the numbers in a line.
fn numbers(line: &str) -> Vec<u64> {
    line.split(|c: char| !c.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect()
}

#[test]
fn quick_start_compresses_encrypts_and_decodes() {
    let out = run("quick_start");
    let [sent, encoded, decoded] = out.lines().collect::<Vec<_>>()[..] else { panic!("{out}") };
    assert_eq!(sent, "the program sent 10800 bytes of json/plain");
    assert!(encoded.ends_with("bytes of binary/sealed") && numbers(encoded)[0] < 500, "{encoded}");
    assert_eq!(decoded, "decoding gives back what was sent: true");
}

#[test]
fn native_codec_writes_payloads_backwards() {
    let out = run("native_codec");
    let [encoded, decoded] = out.lines().collect::<Vec<_>>()[..] else { panic!("{out}") };
    assert!(encoded.contains("\"desserts\"") && encoded.contains("nialp/nosj"), "{encoded}");
    assert_eq!(decoded, "decoded: \"stressed\"");
}

#[test]
fn native_driver_stores_what_is_large() {
    let out = run("native_driver");
    let [short, long] = out.lines().collect::<Vec<_>>()[..] else { panic!("{out}") };
    assert_eq!(short, "5 bytes: left as it is, the engine gets 5");
    assert!(long.starts_with("45000 bytes: stored, the engine gets "), "{long}");
    assert!(numbers(long)[1] < 500, "{long}");
}

#[test]
fn own_bucket_gets_the_keys_of_the_s3_driver() {
    let out = run("own_bucket");
    let [keys, encoded, decoded] = out.lines().collect::<Vec<_>>()[..] else { panic!("{out}") };
    assert!(keys.starts_with("the bucket has [\"v0/ns/payments/d/sha256/"), "{keys}");
    assert!(numbers(encoded)[0] < 500, "{encoded}");
    assert_eq!(decoded, "decoding gives back 9000 bytes");
}

#[test]
fn offload_leaves_a_reference_with_a_claim() {
    let out = run("offload");
    let [small, large, reference] = out.lines().collect::<Vec<_>>()[..] else { panic!("{out}") };
    assert_eq!(small, "sent 1000 bytes: the engine gets the payload, 1000 bytes");
    assert!(large.starts_with("sent 1000000 bytes: the engine gets a reference, "), "{large}");
    let reference: serde_json::Value = serde_json::from_str(reference).unwrap();
    assert_eq!(reference["driverName"], "local.filedriver");
}

/// A newcomer reads one at a time, on one screen.
#[test]
fn each_has_fewer_than_sixty_lines_and_says_how_it_is_run() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples");
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            assert!(text.lines().count() < 60, "{name} has {} lines", text.lines().count());
            assert!(text.contains(&format!("cargo run -p cloakroom --example {name}`")), "{name}");
            names.push(name);
        }
    }
    names.sort();
    let expect = ["native_codec", "native_driver", "offload", "own_bucket", "quick_start"];
    assert_eq!(names, expect);
}
