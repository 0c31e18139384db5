//! An app in Rust that encodes and decodes in its own process. Nothing stands between it and its sidecar.

use std::{fs, path::Path};

use cloakroom::{Cloakroom, dapr::gateway::Gateway};
use cloakroom_tests::rigs::{ControlPlane, Sidecar, SidecarOptions, Tap};
use dapr_durabletask::{
    api::{DurableTaskError, OrchestrationStatus},
    client::TaskHubGrpcClient,
    task::ActivityContext,
    worker::TaskHubGrpcWorker,
};
use prost::Message as _;
use serde_json::json;
use tokio::{net::TcpListener, runtime::Runtime};
use tokio_util::sync::CancellationToken;

use super::{
    observer::Observer,
    rust_work::parcel,
    wrapped_work::{register, texts},
};
use crate::{
    gateway::canary::CANARY,
    worker::{folder_driver, opened, stages},
};

/// More than an app in Rust receives from a gateway: 4 MiB.
const COUNT: usize = 24;
const SIZE: usize = 256_000;

/// Opens a pipeline that stores in a folder. What a workflow itself makes is in the clear, so no stage
/// is required.
async fn open(folder: &Path, sidecar: &str) -> Cloakroom {
    let stages = stages(true).replace("required = true", "");
    let storage = "[storage]\nthreshold = \"16KiB\"\n".to_owned() + &folder_driver("local", folder);
    let table =
        format!("[gateway.dapr]\nupstream = \"http://{sidecar}\"\napp_max_message = \"128Mi\"\n");
    opened(stages + &storage + &table).open().await.unwrap()
}

/// Without a gateway, a sidecar of 1 MiB stalls after four such results. Through a gateway, a turn with
/// more than 4 MiB of them does not reach an app in Rust.
#[test]
fn rust_hands_on_what_its_wrapped_activities_return() {
    let options = SidecarOptions { app: "dossiers", max_body_size: "1Mi", redis: None };
    let sidecar = Sidecar::start(ControlPlane::shared(), options);
    let (tap, folder) = (Tap::before(&sidecar.target()), tempfile::tempdir().unwrap());
    let runtime = Runtime::new().unwrap();
    let cloakroom = runtime.block_on(open(folder.path(), &sidecar.target()));
    let texts = texts(cloakroom.clone());
    let address = format!("http://{}", tap.target());
    let mut worker = TaskHubGrpcWorker::new(&address);
    register(worker.registry_mut(), &texts);
    runtime.spawn(async move { worker.start(CancellationToken::new()).await });
    runtime.block_on(async {
        let mut client = TaskHubGrpcClient::new(&address).await.unwrap();
        let order = Some(json!({ "count": COUNT, "size": SIZE }).to_string());
        let id = Some("one".to_owned());
        client.schedule_new_orchestration("Dossier", order, id, None).await.unwrap();
    });
    let observer = Observer::of(&sidecar.target());
    let state = observer.until("one", OrchestrationStatus::Completed);
    let encoded = state.serialized_output.unwrap();
    assert!(encoded.starts_with("\"cloakroom:v1:"), "{encoded}");
    let expected: String = (0..COUNT).map(|index| parcel(index, SIZE)).collect();
    let decoded = runtime.block_on(texts.decode(Some(encoded))).unwrap().unwrap();
    let expected = json!(expected);
    let text = expected.to_string();
    assert!(decoded == text, "{} bytes", decoded.len());

    // Nothing large has passed, and nothing of a scan is in the history.
    let (sent, received) = tap.largest();
    assert!(sent.max(received) < 64 << 10, "{sent} to the sidecar, {received} back");
    for event in observer.history("one") {
        let bytes = event.encode_to_vec();
        assert!(!bytes.windows(CANARY.len()).any(|part| part == CANARY.as_bytes()));
    }

    // A gateway with the same configuration reads it.
    let gateway = runtime.block_on(async {
        let (_, settings) = cloakroom.dapr_gateway().unwrap();
        let gateway = Gateway::builder(cloakroom, settings).build();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { gateway.serve(listener, std::future::pending()).await });
        address
    });
    assert!(Observer::of(&gateway.to_string()).output("one") == expected);
}

/// A text comes back as it was, whatever it looks like.
#[tokio::test(flavor = "multi_thread")]
async fn rust_texts_come_back() {
    let folder = tempfile::tempdir().unwrap();
    let texts = texts(open(folder.path(), "127.0.0.1:1").await);
    let long = json!("x".repeat(SIZE)).to_string();
    for text in
        ["null", "\"\"", "[1]", "no JSON", "\"cloakroom:v1:CgA\"", "\"cloakroom:v9:x\"", &long]
    {
        let encoded = texts.encode("one", Some(text.to_owned())).await.unwrap().unwrap();
        assert!(encoded.starts_with("\"cloakroom:v1:") && encoded.len() < 2_000, "{encoded}");
        // A workflow that hands it on changes nothing.
        assert_eq!(
            texts.encode("one", Some(encoded.clone())).await.unwrap(),
            Some(encoded.clone())
        );
        assert_eq!(texts.decode(Some(encoded)).await.unwrap().as_deref(), Some(text));
    }
    for nothing in [None, Some(String::new())] {
        assert_eq!(texts.encode("one", nothing.clone()).await.unwrap(), nothing);
        assert_eq!(texts.decode(nothing.clone()).await.unwrap(), nothing);
    }
    assert_eq!(texts.decode(Some("[1]".to_owned())).await.unwrap().as_deref(), Some("[1]"));
}

/// An activity does not run on what cannot be decoded, and its error holds nothing of the payload.
#[tokio::test(flavor = "multi_thread")]
async fn rust_activity_fails_where_its_input_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let texts = texts(open(folder.path(), "127.0.0.1:1").await);
    let encoded = texts.encode("one", Some(json!(parcel(0, SIZE)).to_string())).await.unwrap();
    for entry in fs::read_dir(folder.path()).unwrap() {
        fs::remove_dir_all(entry.unwrap().path()).unwrap();
    }
    // The object is in the cache of the pipeline that stored it.
    let texts = super::wrapped_work::texts(open(folder.path(), "127.0.0.1:1").await);
    let instance = ActivityContext::orchestration_id;
    let activity = texts.activity(instance, |_: ActivityContext, _| async {
        Err(DurableTaskError::Other("it has run".to_owned()))
    });
    let ctx = ActivityContext::new("one".to_owned(), 1, String::new());
    let error = activity(ctx, encoded).await.unwrap_err().to_string();
    assert!(error.contains("local") && !error.contains(CANARY), "{error}");
    let ctx = ActivityContext::new("one".to_owned(), 1, String::new());
    let error = activity(ctx, Some("\"cloakroom:v2:AA\"".to_owned())).await.unwrap_err();
    assert!(error.to_string().contains("update this one"), "{error}");
    let ctx = ActivityContext::new("one".to_owned(), 1, String::new());
    assert_eq!(activity(ctx, Some("1".to_owned())).await.unwrap_err().to_string(), "it has run");
}

/// The page has the code that runs here.
#[test]
fn the_page_has_the_app_in_rust() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let page = fs::read_to_string(root.join("host/docs/dapr.md")).unwrap();
    let source = fs::read_to_string(root.join("tests/it/dapr/wrapped_work.rs")).unwrap();
    let part = source.split("// The page has this part.\n").nth(1).unwrap();
    let part = part.split("// Here it ends.\n").next().unwrap().replace("pub(super) ", "");
    assert!(page.contains(&part), "host/docs/dapr.md does not have:\n{part}");
}
