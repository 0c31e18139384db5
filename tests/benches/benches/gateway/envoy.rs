//! Envoy as a plain proxy of HTTP/2.

use std::net::SocketAddr;

pub(crate) fn config(address: SocketAddr, to: SocketAddr) -> String {
    let socket = |at: SocketAddr| {
        format!("{{ socket_address: {{ address: {}, port_value: {} }} }}", at.ip(), at.port())
    };
    include_str!("envoy.yaml").replace("LISTENER", &socket(address)).replace("UPSTREAM", &socket(to))
}
