//! Temporal's Web UI and command line, asking our codec server.

use std::process::Output;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use cloakroom::Cloakroom;
use cloakroom_temporal::server::{CodecServer, ServerSettings};
use cloakroom_tests::rigs::{DevOptions, DevServer, free_port, temporal};
use serde_json::{Value, json};
use temporalio_client::{Client, WorkflowGetResultOptions, WorkflowStartOptions};
use tokio::net::TcpListener;

use crate::{
    scripts::python,
    worker::{Helper, Running, client, converter, in_folder, opening},
};

/// Everything that an operator has: the server with its Web UI, a codec server, and a worker.
struct Town {
    server: DevServer,
    client: Client,
    codec_server: String,
    _worker: Running,
    _folder: tempfile::TempDir,
}

impl Town {
    async fn build() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let cloakroom: Cloakroom =
            opening(&in_folder("local", folder.path())).open().await.unwrap();
        let (ui, listener) = (free_port(), TcpListener::bind("127.0.0.1:0").await.unwrap());
        let codec_server = format!("http://{}", listener.local_addr().unwrap());
        let mut settings = ServerSettings::default();
        settings.origins.push(format!("http://127.0.0.1:{ui}"));
        let codec = CodecServer::new(cloakroom.clone(), settings);
        tokio::spawn(async move { codec.serve(listener, std::future::pending()).await });
        let options = DevOptions { ui: Some((ui, &codec_server)), ..DevOptions::default() };
        let server = DevServer::start(options);
        let worker = Running::start(&server.url(), "town", converter(&cloakroom));
        let client = client(&server.url(), converter(&cloakroom)).await;
        Self { server, client, codec_server, _worker: worker, _folder: folder }
    }

    /// Runs a workflow that gives back what it is given. Gives the page of its history.
    async fn run(&self, id: &str, parcel: &str) -> String {
        let options = WorkflowStartOptions::new("town", id).build();
        let started = self.client.start_workflow(Helper::run, parcel.to_owned(), options);
        let handle = started.await.unwrap();
        handle.get_result(WorkflowGetResultOptions::default()).await.unwrap();
        let run = handle.run_id().unwrap();
        format!("{}/namespaces/default/workflows/{id}/{run}/history", self.server.ui())
    }

    fn cli(&self, args: &[&str]) -> Output {
        let mut temporal = temporal(&self.server.target());
        let endpoint = format!("{}/ns/{{namespace}}", self.codec_server);
        temporal.args(args).args(["--codec-endpoint", &endpoint]).output().unwrap()
    }
}

/// Where a person can look at what the page was, if they ask for it.
fn screenshot(name: &str) -> Value {
    std::env::var_os("CLOAKROOM_SCREENSHOTS")
        .map_or(Value::Null, |folder| json!(std::path::Path::new(&folder).join(name)))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_web_ui_shows_what_is_encrypted_and_downloads_what_is_stored() {
    let town = Town::build().await;
    let page = town.run("small", "a small secret of 17").await;
    let shown = python(
        "ui.py",
        &json!({
            "op": "show", "url": page, "texts": ["a small secret of 17"],
            "screenshot": screenshot("small.png"),
        }),
    );
    assert_eq!(shown["missing"], json!([]), "{shown}");
    // In the input and in the result.
    assert!(shown["text"].as_str().unwrap().matches("a small secret of 17").count() >= 2);

    let parcel = hex::encode(cloakroom_tests::noise(400_000));
    let page = town.run("large", &parcel).await;
    let stored = "payload stored externally";
    let shown = python(
        "ui.py",
        &json!({
            "op": "show", "url": page, "texts": [stored], "screenshot": screenshot("large.png"),
        }),
    );
    assert_eq!(shown["missing"], json!([]), "{shown}");
    let sha256 = {
        let digest = aws_lc_rs::digest::digest(
            &aws_lc_rs::digest::SHA256,
            format!("\"{parcel}\"").as_bytes(),
        );
        hex::encode(digest.as_ref())
    };
    for of in ["Input", "Result"] {
        let file = python("ui.py", &json!({ "op": "download", "url": page, "of": of }));
        assert_eq!(file["sha256"], sha256, "{file}");
        assert_eq!(file["size"], parcel.len() + 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_starts_and_shows_workflows() {
    let town = Town::build().await;
    let parcel = hex::encode(cloakroom_tests::noise(400_000));
    let input = format!("\"{parcel}\"");
    // Longer than one argument of a command may be.
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &input).unwrap();
    let path = file.path().to_str().unwrap();
    let start = ["workflow", "start", "--type", "Helper", "--task-queue", "town", "-w", "by-hand"];
    let started = town.cli(&[&start[..], &["--input-file", path]].concat());
    assert!(started.status.success(), "{}", String::from_utf8_lossy(&started.stderr));
    let result = town.cli(&["workflow", "result", "-w", "by-hand", "-o", "json"]);
    let result: Value = serde_json::from_slice(&result.stdout).unwrap();
    assert!(result["result"] == *parcel, "{}", result.to_string().len());
    let shown = town.cli(&["workflow", "show", "-w", "by-hand", "-o", "json"]);
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    let started = &shown["events"][0]["workflowExecutionStartedEventAttributes"];
    let data = started["input"]["payloads"][0]["data"].as_str().unwrap();
    assert!(STANDARD.decode(data).unwrap() == input.as_bytes());
    // Without a codec server, there are references and nothing else.
    let mut bare = temporal(&town.server.target());
    bare.args(["workflow", "show", "-w", "by-hand", "-o", "json"]);
    let bare = String::from_utf8(bare.output().unwrap().stdout).unwrap();
    let reference = STANDARD.encode("temporal.api.sdk.v1.ExternalStorageReference");
    assert!(bare.contains(&reference) && !bare.contains(&STANDARD.encode(&input)[..40]), "{bare}");
}
