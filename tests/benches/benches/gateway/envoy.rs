//! Envoy as a plain proxy of HTTP/2.

use std::{net::SocketAddr, path::Path};

/// Returns its configuration. `tls` is the folder with the files of mTLS, if callers use it.
pub(crate) fn config(address: SocketAddr, to: SocketAddr, tls: Option<&Path>) -> String {
    let socket = |at: SocketAddr| {
        format!("{{ socket_address: {{ address: {}, port_value: {} }} }}", at.ip(), at.port())
    };
    let tls = tls.map(|folder| {
        include_str!("envoy-tls.yaml").replace("FOLDER", &folder.display().to_string())
    });
    include_str!("envoy.yaml")
        .replace("LISTENER", &socket(address))
        .replace("UPSTREAM", &socket(to))
        .replace("        # TLS\n", &tls.unwrap_or_default())
}
