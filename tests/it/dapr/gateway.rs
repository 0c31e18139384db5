//! An unmodified app behind the gateway, before a real sidecar.

use std::net::SocketAddr;

use cloakroom::dapr::gateway::Gateway;
use cloakroom_tests::rigs::{ControlPlane, Sidecar, SidecarOptions, Tap, redis, redis_contents};
use serde_json::json;
use tokio::{net::TcpListener, runtime::Runtime};

use super::{app::App, observer::Observer, sdk::Sdk};
use crate::worker::{folder_driver, opening};

/// A gateway in this process, with objects in a folder of its own.
struct Served {
    address: SocketAddr,
    _folder: tempfile::TempDir,
    _runtime: Runtime,
}

impl Served {
    fn before(sidecar: &str) -> Self {
        let (folder, runtime) = (tempfile::tempdir().unwrap(), Runtime::new().unwrap());
        let storage = "[storage]\nthreshold = \"16KiB\"\n".to_owned();
        let table = format!(
            "[gateway.dapr]\nupstream = \"http://{sidecar}\"\napp_max_message = \"128Mi\"\n"
        );
        let text = storage + &folder_driver("local", folder.path()) + &table;
        let address = runtime.block_on(async {
            let cloakroom = opening(&text).open().await.unwrap();
            let (_, settings) = cloakroom.dapr_gateway().unwrap();
            let gateway = Gateway::builder(cloakroom, settings).build();
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            tokio::spawn(async move { gateway.serve(listener, std::future::pending()).await });
            address
        });
        Self { address, _folder: folder, _runtime: runtime }
    }

    fn target(&self) -> String {
        self.address.to_string()
    }
}

/// Without the gateway, daprd stalls such a run after its third activity.
#[test]
fn large_results_pass_the_gateway_and_leave_nothing_at_the_sidecar() {
    let options = SidecarOptions { app: "behind", max_body_size: "4Mi", redis: Some(redis()) };
    let sidecar = Sidecar::start(ControlPlane::shared(), options);
    let tap = Tap::before(&sidecar.target());
    let gateway = Served::before(&tap.target());
    let app = App::start(Sdk::PythonNewer, &gateway.target(), None);
    app.pile("large", 3, 1_500_000);
    assert_eq!(Observer::of(&gateway.target()).output("large"), json!({ "right": 3 }));
    assert_eq!(app.ran("large"), 3);
    let (sent, received) = tap.largest();
    assert!(sent < 64 << 10 && received < 64 << 10, "{sent} to the sidecar, {received} back");
    let kept = redis_contents(redis(), "behind||*");
    let kept = String::from_utf8_lossy(&kept);
    assert!(kept.contains("cloakroom:v1:"), "no payload is in the store");
    assert!(!kept.contains("canary") && !sidecar.log().contains("canary"));
}
