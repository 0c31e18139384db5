//! Everything that may stand between callers and the stub.

use std::{
    env, fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use cloakroom_benches::program;
use cloakroom_tests::{
    KEY,
    rigs::{MotoKms, free_port},
};

use crate::{dapr, envoy, kms, pages::Encoding, proxy::Proxy, story::Story};

/// Compression and encryption, as most operators will have them.
pub(crate) const STAGES: &str = r#"
[[stage]]
plugin = "bundled:zstd"
[[stage]]
plugin = "bundled:aes-gcm"
settings = { ring = "bench" }
grants.keys = ["bench"]
[keys.bench]
current = "bench"
material = { bench = { file = "key" } }
"#;

/// A store for payloads of more than a few kilobytes.
const STORE: &str = r#"
[storage]
threshold = "16KiB"
[[storage.driver]]
name = "bench"
plugin = "bundled:file"
reuse = "warm"
settings = { bucket = "bench" }
grants.buckets = ["bench"]
[buckets.bench]
url = "file:objects"
"#;

/// A sidecar and an app that receive all that is measured.
const SIDECAR: &str = "app_id = \"bench\"\nmax_body_size = \"64Mi\"\napp_max_message = \"64Mi\"\n";

/// The program of Temporal's own proxy, to be measured too where somebody has built it.
const TEMPORAL_PROXY: &str = "TEMPORAL_PROXY";

/// A key of temporal-proxy for tests, which wraps within the process.
const TEST_KEY: &str = "testing://-ynIaZzFbAjp9VPgu0Ohk9YeQSLS9ta0m9mtnOnGZqo=";

/// Key under which temporal-proxy wraps its data keys.
pub(crate) enum Kek {
    Test,
    Kms(Arc<MotoKms>),
}

/// Starts a stub that serves the page in a file.
pub(crate) fn stub(page: &Path) -> Proxy {
    own("stub", |address| vec![address.to_string(), page.display().to_string()])
}

/// Starts a stub of a sidecar.
pub(crate) fn sidecar() -> Proxy {
    own("sidecar", |address| vec![address.to_string()])
}

/// Starts every proxy that the story concerns.
pub(crate) fn all(stub: &Proxy, story: &Story) -> Vec<Proxy> {
    let to = stub.address;
    let mut all = Vec::new();
    // The stub has no TLS, and the forwarder ends none.
    if story.tls.is_none() {
        all.push(Proxy::none(stub));
        all.push(own("forwarder", |address| vec![address.to_string(), to.to_string()]));
    }
    all.push(envoy(story, to));
    let is_dapr = story.engine() == "dapr";
    if story.page == Encoding::Temporal {
        all.extend(temporal(Some(&Kek::Test), to));
        return all;
    }
    if story.page == Encoding::Plain {
        let namespace = if is_dapr { dapr::APP } else { "default" };
        let off = format!("{STAGES}[namespace.{namespace}]\nmode = \"off\"\n");
        all.push(gateway("gateway, passing on", &off, story, to));
    }
    all.push(gateway("gateway, zstd and AES-GCM", STAGES, story, to));
    let warm = STAGES.replace("[[stage]]", "[[stage]]\nreuse = \"warm\"");
    all.push(gateway("gateway, the same on warm instances", &warm, story, to));
    if story.has_kms {
        all.extend(under_kms(story, to));
    }
    if is_dapr {
        let stored = warm.clone() + STORE;
        all.push(gateway("gateway, warm, and a folder", &stored, story, to));
        return all;
    }
    // temporal-proxy refuses gzip.
    if story.page == Encoding::Plain && story.tls.is_none() && !story.is_gzip {
        all.extend(temporal(None, to));
        all.extend(temporal(Some(&Kek::Test), to));
    }
    all
}

/// Starts the gateway and Temporal's own proxy with keys of AWS KMS.
fn under_kms(story: &Story, to: SocketAddr) -> Vec<Proxy> {
    let service = kms::start();
    let stages = kms::stages(&service);
    let warm = stages.replace("[[stage]]", "[[stage]]\nreuse = \"warm\"");
    let mut all = vec![
        gateway("gateway, zstd and AES-GCM, AWS KMS", &stages, story, to),
        gateway("gateway, warm, AWS KMS", &warm, story, to),
    ];
    all.extend(temporal(Some(&Kek::Kms(service.clone())), to));
    all.into_iter().map(|proxy| proxy.with_service(&service)).collect()
}

/// Starts this program in another role.
fn own(role: &'static str, args: impl Fn(SocketAddr) -> Vec<String>) -> Proxy {
    let program = env::current_exe().expect("a program");
    Proxy::start(role, |_, address| {
        let mut command = Command::new(&program);
        command.arg(role).args(args(address));
        command
    })
}

/// Starts the gateway with these stages.
pub(crate) fn gateway(name: &'static str, stages: &str, story: &Story, to: SocketAddr) -> Proxy {
    let built = program();
    Proxy::start(name, |folder, address| {
        let config = folder.join("cloakroom.toml");
        let engine = story.engine();
        let mut text = format!("{stages}[gateway.{engine}]\nupstream = \"http://{to}\"\n");
        if engine == "dapr" {
            text.push_str(SIDECAR);
        }
        if let Some(authority) = &story.tls {
            authority.write(folder);
            text.push_str(
                "tls = { certificate = \"server.pem\", key = \"server.key\", client_ca = \"ca.pem\" }\n\
                 [[gateway.temporal.identity]]\nname = \"caller\"\nsan = [\"caller\"]\n\
                 namespaces = [\"*\"]\n",
            );
        }
        fs::write(&config, text).expect("a configuration");
        fs::write(folder.join("key"), KEY).expect("a key");
        let mut command = Command::new(&built);
        command.args(["gateway", engine, "--config"]).arg(config);
        command.args(["--listen", &address.to_string()]);
        command
    })
}

/// Starts Envoy. Its launcher in Python becomes Envoy, and keeps its process.
fn envoy(story: &Story, to: SocketAddr) -> Proxy {
    let python = env::var_os("CLOAKROOM_PYTHON").expect("run this as `cargo xtask bench`");
    let program = PathBuf::from(python).with_file_name("envoy");
    Proxy::start("Envoy", |folder, address| {
        let config = folder.join("envoy.yaml");
        let tls = story.tls.as_ref().map(|authority| {
            authority.write(folder);
            folder
        });
        fs::write(&config, envoy::config(address, to, tls)).expect("a configuration");
        let mut command = Command::new(&program);
        command.arg("-c").arg(config);
        command.args(["--concurrency", "1", "--log-level", "warn", "--disable-hot-restart"]);
        command
    })
}

/// Starts Temporal's own proxy, if it was built. It encrypts if it has a key.
pub(crate) fn temporal(kek: Option<&Kek>, to: SocketAddr) -> Option<Proxy> {
    let program = env::var_os(TEMPORAL_PROXY)?;
    let encryption = |uri: &str| {
        format!("encryption:\n  enabled: true\n  default:\n    uri: {uri}\n    duration: 1h\n")
    };
    let (name, encryption) = match kek {
        None => ("temporal-proxy, no encryption", String::new()),
        Some(Kek::Test) => ("temporal-proxy, AES-GCM", encryption(TEST_KEY)),
        Some(Kek::Kms(_)) => ("temporal-proxy, AES-GCM, AWS KMS", encryption(kms::URI)),
    };
    Some(Proxy::start(name, |folder, address| {
        let config = folder.join("proxy.yaml");
        let upstream = format!("upstreams:\n  - {{ name: stub, hostPort: \"{to}\" }}\n");
        let text = format!(
            "hostPort: \"{address}\"\n{upstream}routing: {{ default: stub }}\n{encryption}"
        );
        fs::write(&config, text).expect("a configuration");
        let mut command = Command::new(&program);
        command.args(["serve", "--level", "warn", "--config"]).arg(config);
        // Its parts meet at a socket whose name says only the upstream: two proxies would share one.
        command.env("TMPDIR", folder);
        if let Some(Kek::Kms(service)) = kek {
            kms::configure(&mut command, service);
        }
        command.args(["--metrics-addr", &format!("127.0.0.1:{}", free_port())]);
        command
    }))
}
