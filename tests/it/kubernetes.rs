//! The manifests of `examples/kubernetes`: they are what a cluster accepts, and fit their configuration.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use cloakroom::{CloakroomBuilder, temporal::gateway::GatewaySettings};
use serde_json::Value;

use crate::gateway::access::{Authority, Pair};

/// Seconds that a gateway gives open calls when it ends.
const GRACE: u64 = 30;

fn folder(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    root.join("examples/kubernetes").join(name)
}

fn python(args: &[&str], file: &Path) -> String {
    let output = Command::new(cloakroom_tests::python()).args(args).arg(file).output().unwrap();
    let says = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {says}", file.display());
    String::from_utf8(output.stdout).unwrap()
}

/// Returns the objects of a manifest, after each was held against the schema of its kind.
fn objects(manifest: &Path) -> Vec<Value> {
    python(&["-m", "kubernetes_validate", "--strict"], manifest);
    let read =
        "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(open(sys.argv[1])))))";
    serde_json::from_str(&python(&["-c", read], manifest)).unwrap()
}

/// The container of the gateway, in a pod of this specification.
fn gateway(pod: &Value) -> &Value {
    let containers =
        ["initContainers", "containers"].iter().filter_map(|kind| pod[kind].as_array());
    let mut found = containers.flatten().filter(|container| container["name"] == "gateway");
    let container = found.next().unwrap();
    assert!(found.next().is_none());
    container
}

/// Opens a configuration as it is in the pod, with mounted files in a folder of the test.
async fn open(name: &str, pod: &Value) -> (SocketAddr, GatewaySettings) {
    let mounted = tempfile::tempdir().unwrap();
    let mut text = fs::read_to_string(folder(name).join("cloakroom.toml")).unwrap();
    let container = gateway(pod);
    for mount in container["volumeMounts"].as_array().unwrap() {
        let path = mount["mountPath"].as_str().unwrap();
        assert_eq!(mount["readOnly"], true, "{path}");
        let here = mounted.path().join(mount["name"].as_str().unwrap());
        fs::create_dir(&here).unwrap();
        text = text.replace(&format!("\"{path}/"), &format!("\"{}/", here.display()));
    }
    fs::write(mounted.path().join("keys/payments-2026-11"), cloakroom_tests::KEY).unwrap();
    let (tls, authority) = (mounted.path().join("tls"), Authority::new());
    if tls.exists() {
        let Pair { certificate, key } = authority.server();
        for (name, text) in
            [("tls.crt", certificate), ("tls.key", key), ("ca.crt", authority.pem())]
        {
            fs::write(tls.join(name), text).unwrap();
        }
    }
    // Compiled plugins are in the image.
    let cache = format!("\"{}\"", cloakroom_tests::compile_cache().display());
    text = text.replace("\"/var/lib/cloakroom\"", &cache);
    let cloakroom = CloakroomBuilder::text(&text).open().await.unwrap();
    cloakroom.temporal_gateway().unwrap()
}

/// Checks what a pod says of its gateway against the gateway's configuration. Returns its address.
async fn check(name: &str, pod: &Value) -> SocketAddr {
    let (listen, settings) = open(name, pod).await;
    let container = gateway(pod);
    let metrics = settings.metrics.unwrap();
    // The kubelet asks from outside of the pod.
    assert!(metrics.ip().is_unspecified());
    let ports = container["ports"].as_array().unwrap();
    let port = |name: &Value| ports.iter().find(|port| port["name"] == *name).unwrap();
    for (probe, path) in [
        ("startupProbe", None),
        ("livenessProbe", Some("/healthz")),
        ("readinessProbe", Some("/readyz")),
    ] {
        let get = &container[probe]["httpGet"];
        assert_eq!(port(&get["port"])["containerPort"], metrics.port(), "{probe}");
        assert!(path.is_none_or(|path| get["path"] == path), "{probe}");
    }
    let pause = container["lifecycle"]["preStop"]["sleep"]["seconds"].as_u64().unwrap_or(0);
    assert!(pod["terminationGracePeriodSeconds"].as_u64().unwrap() > GRACE + pause);
    let volumes = pod["volumes"].as_array().unwrap();
    for mount in container["volumeMounts"].as_array().unwrap() {
        assert!(volumes.iter().any(|volume| volume["name"] == mount["name"]), "{mount}");
    }
    listen
}

#[tokio::test]
async fn a_sidecar_serves_its_worker_alone() {
    let objects = objects(&folder("sidecar/worker.yaml"));
    let pod = &objects[0]["spec"]["template"]["spec"];
    let listen = check("sidecar", pod).await;
    assert!(listen.ip().is_loopback());
    // A sidecar, and not a container that must end before the worker starts.
    assert_eq!(pod["initContainers"][0]["restartPolicy"], "Always");
    let address = &pod["containers"][0]["env"][0];
    assert_eq!(address["name"], "TEMPORAL_ADDRESS");
    assert_eq!(address["value"], listen.to_string());
}

#[tokio::test]
async fn replicas_serve_callers_with_certificates() {
    let objects = objects(&folder("service/gateway.yaml"));
    let of_kind = |kind: &str| objects.iter().find(|object| object["kind"] == kind).unwrap();
    let spec = &of_kind("Deployment")["spec"];
    let pod = &spec["template"]["spec"];
    let listen = check("service", pod).await;
    assert!(listen.ip().is_unspecified());
    let ports = gateway(pod)["ports"].as_array().unwrap();
    let grpc = ports.iter().find(|port| port["name"] == "grpc").unwrap();
    assert_eq!(grpc["containerPort"], listen.port());
    let service = &of_kind("Service")["spec"];
    assert_eq!(service["ports"][0]["port"], listen.port());
    assert_eq!(service["ports"][0]["targetPort"], "grpc");

    // All of them are about the same pods.
    let labels = &spec["template"]["metadata"]["labels"];
    assert_eq!(spec["selector"]["matchLabels"], *labels);
    assert_eq!(service["selector"], *labels);
    assert_eq!(of_kind("PodDisruptionBudget")["spec"]["selector"]["matchLabels"], *labels);
    assert_eq!(of_kind("NetworkPolicy")["spec"]["podSelector"]["matchLabels"], *labels);
}
