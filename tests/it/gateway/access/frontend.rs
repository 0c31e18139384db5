//! A frontend that writes down what it is asked, and answers every call with an empty message.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use h2::{Reason, server};
use http::{HeaderMap, Request, Response};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpListener,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use super::authority::{Authority, Pair};

/// What a frontend does with a call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reaction {
    Answer,
    /// Resets the call, and says that it did nothing.
    Refuse,
    /// Resets the call without a word about it.
    Cancel,
    /// Ends the connection like a crash.
    Crash,
}

/// A call that arrived.
#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) headers: HeaderMap,
    pub(crate) scheme: String,
    /// Number of the connection.
    pub(crate) connection: usize,
}

type React = Arc<dyn Fn(&Seen, usize) -> Reaction + Send + Sync>;

/// A frontend until it is dropped.
pub(crate) struct Frontend {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    serving: JoinHandle<()>,
}

impl Frontend {
    /// Starts one that answers.
    pub(crate) async fn start() -> Self {
        Self::reacting(None, |_, _| Reaction::Answer).await
    }

    /// Starts one that asks for a certificate of an authority.
    pub(crate) async fn with_tls(authority: &Authority, server: &Pair) -> Self {
        Self::reacting(Some(server_config(authority, server)), |_, _| Reaction::Answer).await
    }

    /// Starts one that reacts to a call, which is the nth of its method.
    pub(crate) async fn reacting(
        tls: Option<ServerConfig>,
        react: impl Fn(&Seen, usize) -> Reaction + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let (log, react): (_, React) = (seen.clone(), Arc::new(react));
        let tls = tls.map(|tls| TlsAcceptor::from(Arc::new(tls)));
        let serving = tokio::spawn(async move {
            for connection in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let (tls, log, react) = (tls.clone(), log.clone(), react.clone());
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, connection, log, react).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, connection, log, react).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, seen, serving }
    }

    /// Returns the calls of a method.
    pub(crate) fn seen(&self, method: &str) -> Vec<Seen> {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|call| call.method == method).cloned().collect()
    }
}

impl Drop for Frontend {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

pub(crate) fn server_config(authority: &Authority, server: &Pair) -> ServerConfig {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.pem().as_bytes()).unwrap()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let chain = vec![CertificateDer::from_pem_slice(server.certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(server.key.as_bytes()).unwrap();
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(chain, key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    config
}

async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    connection: usize,
    log: Arc<Mutex<Vec<Seen>>>,
    react: React,
) {
    let Ok(mut calls) = server::handshake(stream).await else { return };
    while let Some(Ok((request, mut respond))) = calls.accept().await {
        let seen = seen(&request, connection);
        let nth = {
            let mut log = log.lock().unwrap();
            log.push(seen.clone());
            log.iter().filter(|call| call.method == seen.method).count()
        };
        match react(&seen, nth) {
            Reaction::Answer => {
                let head = Response::builder().header("content-type", "application/grpc");
                let Ok(mut body) = respond.send_response(head.body(()).unwrap(), false) else {
                    continue;
                };
                let _ = body.send_data(Bytes::from_static(&[0; 5]), false);
                let mut trailers = HeaderMap::new();
                trailers.insert("grpc-status", 0.into());
                let _ = body.send_trailers(trailers);
            }
            Reaction::Refuse => respond.send_reset(Reason::REFUSED_STREAM),
            Reaction::Cancel => respond.send_reset(Reason::CANCEL),
            Reaction::Crash => return,
        }
    }
}

fn seen(request: &Request<h2::RecvStream>, connection: usize) -> Seen {
    let path = request.uri().path();
    Seen {
        method: path.rsplit('/').next().unwrap_or_default().to_owned(),
        headers: request.headers().clone(),
        scheme: request.uri().scheme_str().unwrap_or_default().to_owned(),
        connection,
    }
}
