//! DataDog's Large Payload Service, with its store in memory.

use std::{process::Command, sync::OnceLock};

use super::Server;
use crate::go;

/// The service. It answers version 2, and version 1, of which old references are.
pub fn large_payloads() -> &'static Server {
    static SERVICE: OnceLock<Server> = OnceLock::new();
    SERVICE.get_or_init(|| {
        Server::start("the large payload service", |_, port| {
            let mut service = Command::new(go().with_file_name("payloads"));
            service.arg(format!("127.0.0.1:{port}"));
            service
        })
    })
}
