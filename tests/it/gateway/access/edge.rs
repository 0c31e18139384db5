//! An edge that ends TLS before a development server, and asks for a certificate.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use cloakroom_tests::rigs::DevServer;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use super::{authority::Authority, frontend::server_config};

/// An edge until it is dropped.
pub(crate) struct Edge {
    pub(crate) address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Edge {
    pub(crate) async fn start(server: &DevServer, authority: &Authority) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let tls = TlsAcceptor::from(Arc::new(server_config(authority, &authority.server())));
        let target = server.target();
        let serving = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (tls, target) = (tls.clone(), target.clone());
                tokio::spawn(async move {
                    let Ok(mut stream) = tls.accept(stream).await else { return };
                    let mut server = TcpStream::connect(target).await.unwrap();
                    let _ = copy_bidirectional(&mut stream, &mut server).await;
                });
            }
        });
        Self { address, serving }
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
