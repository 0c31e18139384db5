//! OpenBao, with its transit engine: keys on disk, so that it survives a restart, sealed.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr},
    thread::sleep,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{
    Certificates, Server,
    http::exchange,
    server::{free_port, from_python},
};
use crate::PATIENCE;

/// A server of one test's own, unsealed, with the engine mounted at `transit`.
pub struct OpenBao {
    server: Server,
    tls: SocketAddr,
    authority: String,
    unseal_key: String,
    root: String,
}

impl OpenBao {
    /// Starts one, which listens without TLS and with it.
    #[must_use]
    pub fn start() -> Self {
        let tls = free_port();
        let authority = Certificates::default();
        let pair = authority.server(&["127.0.0.1"]);
        let server = Server::start("openbao", |folder, port| {
            for (name, text) in [("cert.pem", &pair.certificate), ("key.pem", &pair.key)] {
                fs::write(folder.join(name), text).expect("its folder");
            }
            let folder = folder.display();
            let [cluster, spare] = [(); 2].map(|()| free_port());
            let config = include_str!("openbao.hcl")
                .replace("CLUSTER_PORT", &cluster.to_string())
                .replace("SPARE_PORT", &spare.to_string())
                .replace("TLS_PORT", &tls.to_string())
                .replace("PORT", &port.to_string())
                .replace("FOLDER", &folder.to_string());
            fs::create_dir_all(format!("{folder}/data")).expect("its folder");
            let file = format!("{folder}/server.hcl");
            fs::write(&file, config).expect("its folder");
            let mut bao = from_python("bao");
            bao.args(["server", "-log-level=error", "-config", &file]);
            bao
        });
        server.durable();
        let tls = SocketAddr::from((Ipv4Addr::LOCALHOST, tls));
        let (unseal_key, root) = (String::new(), String::new());
        let mut bao = Self { server, tls, authority: authority.authority(), unseal_key, root };
        let made = bao.tell("PUT", "sys/init", json!({"secret_shares": 1, "secret_threshold": 1}));
        bao.unseal_key = made["keys"][0].as_str().expect("a key").to_owned();
        bao.root = made["root_token"].as_str().expect("a token").to_owned();
        bao.unseal();
        bao.tell("POST", "sys/mounts/transit", json!({"type": "transit"}));
        bao
    }

    /// Where it listens without TLS.
    pub fn url(&self) -> String {
        self.server.url()
    }

    /// Where it listens with TLS.
    pub fn tls_url(&self) -> String {
        format!("https://{}", self.tls)
    }

    /// The authority that signed its certificate, in PEM.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The token that may do everything.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// Makes a token that may wrap and unwrap with one key, and nothing else.
    pub fn token(&self, key: &str) -> String {
        let path =
            |action| format!("path \"transit/{action}/{key}\" {{ capabilities = [\"update\"] }}");
        let policy = format!("{}\n{}", path("encrypt"), path("decrypt"));
        self.tell("PUT", &format!("sys/policies/acl/{key}"), json!({ "policy": policy }));
        let made = self.tell("POST", "auth/token/create", json!({"policies": [key], "ttl": "1h"}));
        made["auth"]["client_token"].as_str().expect("a token").to_owned()
    }

    /// Seals it: it keeps running, and answers that it is sealed.
    pub fn seal(&self) {
        self.tell("PUT", "sys/seal", json!({}));
    }

    /// Unseals it, and waits until it serves.
    pub fn unseal(&self) {
        self.tell("PUT", "sys/unseal", json!({"key": self.unseal_key}));
        self.wait(200);
    }

    /// Ends the program, and waits until it runs again. It is sealed then.
    pub fn restart(&self) {
        self.server.crash();
        // It is unhealthy as long as it is sealed.
        self.wait(503);
    }

    /// Sends a request as its operator, and returns the answer of success.
    pub fn tell(&self, method: &str, path: &str, body: Value) -> Value {
        let headers = format!("x-vault-token: {}\r\n", self.root);
        let target = format!("/v1/{path}");
        let body = body.to_string();
        let answered = exchange(self.server.address(), method, &target, &headers, &body);
        let (status, answer) = answered.expect("an answer");
        assert!((200..300).contains(&status), "{method} {path}: {status} {answer}");
        serde_json::from_str(&answer).unwrap_or_default()
    }

    fn wait(&self, status: u16) {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            let health = exchange(self.server.address(), "GET", "/v1/sys/health", "", "");
            if health.is_some_and(|(health, _)| health == status) {
                return;
            }
            sleep(Duration::from_millis(20));
        }
        panic!("OpenBao does not become healthy, or sealed");
    }
}
