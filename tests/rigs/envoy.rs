//! Envoy, as a proxy that answers too late, or refuses to.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::Path,
};

use super::{
    Server,
    http::tell,
    server::{free_port, from_python},
};

/// A proxy of one test's own. It changes nothing until a method sets a fault.
pub struct Envoy {
    server: Server,
    admin: SocketAddr,
}

/// Starts one in front of `upstream`.
pub fn envoy(upstream: SocketAddr) -> Envoy {
    let (host, port) = (upstream.ip(), upstream.port());
    start(&format!("{{ socket_address: {{ address: {host}, port_value: {port} }} }}"))
}

/// Starts one in front of a Unix socket.
pub fn envoy_to_socket(upstream: &Path) -> Envoy {
    start(&format!("{{ pipe: {{ path: {} }} }}", upstream.display()))
}

fn start(upstream: &str) -> Envoy {
    let admin = free_port();
    let server = Server::start("envoy", |folder, port| {
        let config = include_str!("envoy.yaml")
            .replace("ADMIN_PORT", &admin.to_string())
            .replace("LISTENER_PORT", &port.to_string())
            .replace("UPSTREAM_ADDRESS", upstream);
        let file = folder.join("envoy.yaml");
        fs::write(&file, config).expect("a configuration");
        let mut envoy = from_python("envoy");
        envoy.arg("-c").arg(file).args(["--concurrency", "1", "--log-level", "warn"]);
        // Envoys that share this share memory, and there is one for each test.
        envoy.arg("--disable-hot-restart");
        envoy
    });
    Envoy { server, admin: SocketAddr::from((Ipv4Addr::LOCALHOST, admin)) }
}

impl Envoy {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// The same as a URL.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// From now on so many requests in a hundred are answered 503, and do not arrive.
    pub fn abort(&self, percent: u8) {
        self.set(&format!("fault.http.abort.abort_percent={percent}"));
    }

    /// From now on so many requests in a hundred arrive that much later.
    pub fn delay(&self, percent: u8, milliseconds: u32) {
        self.set(&format!(
            "fault.http.delay.fixed_delay_percent={percent}\
             &fault.http.delay.fixed_duration_ms={milliseconds}"
        ));
    }

    fn set(&self, runtime: &str) {
        tell(self.admin, "POST", &format!("/runtime_modify?{runtime}"), "");
    }
}
