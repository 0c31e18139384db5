//! Stand-ins of the contract for tests of plugins in Python and JavaScript: the packages build, and one
//! table of cases gives the same results on them and in a host.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use cloakroom::{
    ByteSize, Codec as _, Context, Error, ErrorKind, Payload,
    codec::Encoded,
    plugin::{Grants, Host, HttpService, Limits, PluginCodec, Reuse, Settings, Source},
    storage::{BucketAccess, ObjectBucket},
};
use cloakroom_tests::{compile_cache, ring};
use serde_json::{Value, json};

use crate::services::server::{Asked, Reply, Server};

/// Version of all packages.
const VERSION: &str = env!("CARGO_PKG_VERSION");

fn tests() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn table() -> Value {
    let text = fs::read_to_string(tests().join("data/contract_cases.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Runs a command, and returns what it printed.
#[track_caller]
fn run(command: &mut Command) -> String {
    let output = command.stderr(Stdio::piped()).output().expect("it starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the outcomes of the table on stand-ins, which the command runs.
#[track_caller]
fn on_stand_ins(command: &mut Command) -> Value {
    let table = fs::File::open(tests().join("data/contract_cases.json")).unwrap();
    serde_json::from_str(&run(command.stdin(table))).unwrap()
}

/// Returns the answers of a service that keeps objects under their paths.
fn objects() -> impl Fn(&Asked) -> Reply + Send + Sync + 'static {
    let objects = Mutex::new(BTreeMap::<String, Vec<u8>>::new());
    move |asked| {
        let mut objects = objects.lock().unwrap();
        match asked.method() {
            "PUT" => {
                objects.insert(asked.path().to_owned(), asked.body.clone());
                Reply::new(200, "", b"")
            }
            "DELETE" => {
                objects.remove(asked.path());
                Reply::new(200, "", b"")
            }
            _ => match objects.get(asked.path()) {
                Some(object) => Reply::new(200, "Content-Type: x\r\n", object),
                None => Reply::new(404, "", b""),
            },
        }
    }
}

/// Loads a component in a host that grants what the stand-ins grant.
async fn load(wasm: Bytes, table: &Value) -> PluginCodec {
    let number = |name: &str| table["limits"][name].as_u64().unwrap();
    let limits = Limits {
        handles: usize::try_from(number("handles")).unwrap().try_into().unwrap(),
        output: ByteSize::bytes(number("output")),
        log: ByteSize::bytes(number("log")),
        // One, so that the next call finds what the last one kept.
        instances: 1.try_into().unwrap(),
        time: Duration::from_secs(60),
        // Such a guest is compiled for half a minute on a machine that has nothing else to do.
        load: Duration::from_secs(3600),
        ..Limits::default()
    };
    let host = Host::builder().with_limits(limits).with_cache(compile_cache()).build().unwrap();
    let service = HttpService::builder(&Server::start(objects()).await.url()).build().unwrap();
    let access = BucketAccess::whole().with_overwriting().with_removing().with_listing();
    let grants = Grants::none()
        .with_keys("main", ring())
        .with_subkeys("main", ring())
        .with_bucket("b", Arc::new(ObjectBucket::memory("payloads")), access)
        .with_service("store", Arc::new(service))
        .with_secret("word", b"open sesame");
    let plugin = host.load(Source::bytes("drill", wasm), grants).await.unwrap();
    let settings = table["settings"].as_object().unwrap().iter();
    let settings: Settings =
        settings.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect();
    plugin.codec(settings, Reuse::Warm).await.unwrap()
}

/// Returns the outcome of one call, as the stand-ins tell it.
async fn call(codec: &PluginCodec, program: &Value) -> Value {
    let sent = Payload::new("json/plain", program.to_string());
    match codec.encode(&Context::namespace("payments prod"), &sent).await {
        Ok(Encoded::Changed(encoded)) => serde_json::from_slice(&encoded.data).unwrap(),
        Ok(_) => Value::Null,
        Err(error) => trap(&error),
    }
}

fn trap(error: &Error) -> Value {
    let kind = match error.kind() {
        ErrorKind::Protocol => "protocol",
        ErrorKind::LimitExceeded(_) => "limit",
        ErrorKind::Trapped => "trapped",
        other => panic!("{other:?}: {error}"),
    };
    json!({ "trap": kind, "text": error.to_string() })
}

/// Compares the outcomes of one call. Texts of the host itself are the same in the stand-ins; those of the
/// engine and of the language are not.
fn is_same(stand_in: &Value, host: &Value) -> bool {
    let (Some(kind), Some(text)) = (stand_in.get("trap"), stand_in["text"].as_str()) else {
        return stand_in == host;
    };
    let is_of_host = kind != "trapped" && !text.starts_with("broke the component model");
    let has_text = host["text"].as_str().is_some_and(|whole| whole.contains(text));
    host.get("trap") == Some(kind) && (has_text || !is_of_host)
}

/// Runs the table in a host and compares.
async fn compare(wasm: Bytes, stand_ins: &Value) {
    let table = table();
    let codec = load(wasm, &table).await;
    let mut different = String::new();
    for (index, case) in table["cases"].as_array().unwrap().iter().enumerate() {
        for (at, program) in case["calls"].as_array().unwrap().iter().enumerate() {
            let (host, stand_in) = (call(&codec, program).await, &stand_ins[index][at]);
            if !is_same(stand_in, &host) {
                let name = &case["name"];
                different += &format!("{name}, call {at}\n  host: {host}\n  here: {stand_in}\n");
            }
        }
    }
    assert!(different.is_empty(), "the stand-ins differ from the host:\n{different}");
}

/// Builds the wheel, and returns a folder with what it holds.
fn wheel(folder: &Path) -> PathBuf {
    let python = cloakroom_tests::python();
    // Copied: pip may write beside the sources.
    let source = folder.join("source");
    run(Command::new("cp").arg("-rL").arg(tests().join("../guest-codecs/sdk-python")).arg(&source));
    let mut build = Command::new(&python);
    build.args(["-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]);
    build.args(["--disable-pip-version-check", "--wheel-dir"]).arg(folder).arg(&source);
    run(&mut build);
    let wheel = folder.join(format!("cloakroom_testing-{VERSION}-py3-none-any.whl"));
    let unpacked = folder.join("unpacked");
    run(Command::new(python).args(["-m", "zipfile", "--extract"]).arg(wheel).arg(&unpacked));
    unpacked
}

#[tokio::test(flavor = "multi_thread")]
async fn python_stand_ins_do_what_a_host_does() {
    let folder = tempfile::tempdir().unwrap();
    let guest = tests().join("python/drill_guest");
    let package = wheel(folder.path());
    assert!(package.join("cloakroom_testing/py.typed").exists());
    let paths = std::env::join_paths([&package, &guest]).unwrap();
    let mut python = Command::new(cloakroom_tests::python());
    python.arg(tests().join("python/drill.py"));
    python.env("PYTHONPATH", paths).env("PYTHONDONTWRITEBYTECODE", "1");
    let stand_ins = on_stand_ins(&mut python);
    let wasm = crate::guests::component("drill_guest", "codec-plugin");
    compare(wasm, &stand_ins).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn javascript_stand_ins_do_what_a_host_does() {
    let folder = tempfile::tempdir().unwrap();
    let guest = tests().join("node/drill_guest/plugin.mjs");
    let mut pack = Command::new("npm");
    pack.args(["pack", "--silent", "--pack-destination"]).arg(folder.path());
    run(pack.current_dir(tests().join("../guest-codecs/sdk-javascript")));
    let packed = folder.path().join(format!("cloakroom-testing-{VERSION}.tgz"));
    run(Command::new("tar").arg("-xzf").arg(packed).current_dir(folder.path()));
    let package = folder.path().join("package");
    for file in ["LICENSE", "README.md", "src/index.d.ts"] {
        assert!(package.join(file).exists(), "{file}");
    }
    let script = tests().join("node/drill.mjs");
    let stand_ins = on_stand_ins(Command::new("node").arg(script).arg(package).arg(&guest));
    compare(javascript(folder.path(), &guest), &stand_ins).await;
}

/// Builds the guest with jco, as the template for TypeScript does.
fn javascript(folder: &Path, guest: &Path) -> Bytes {
    let wasm = folder.join("guest.wasm");
    let jco = cloakroom_tests::jco();
    let mut build = Command::new(jco.join("node_modules/.bin/jco"));
    build.arg("componentize").arg(guest).arg("--wit").arg(tests().join("../wit/v0.1"));
    build.args(["--world-name", "codec-plugin", "--disable", "all", "--out"]).arg(&wasm);
    run(build.current_dir(jco));
    fs::read(wasm).unwrap().into()
}
