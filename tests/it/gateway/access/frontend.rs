//! A frontend that writes down what it is asked, and answers every call with an empty message.

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use h2::{
    Reason,
    server::{self, SendResponse},
};
use http::{HeaderMap, Request, Response};
use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

use super::authority::{Authority, Pair};

/// Reaction of a frontend to a call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reaction {
    Answer,
    /// Answers when it is released.
    Hold,
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
}

type React = Arc<dyn Fn(&Seen, usize) -> Reaction + Send + Sync>;

/// A frontend until it is dropped.
pub(crate) struct Frontend {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    release: watch::Sender<bool>,
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
        Self::listening(tls, false, react).await
    }

    /// Starts one that answers, but for the first connection: it ends that after one call, and says that
    /// it has processed none.
    pub(crate) async fn going_away() -> Self {
        Self::listening(None, true, |_, _| Reaction::Answer).await
    }

    async fn listening(
        tls: Option<ServerConfig>,
        goes_away: bool,
        react: impl Fn(&Seen, usize) -> Reaction + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let (log, react): (_, React) = (seen.clone(), Arc::new(react));
        let (release, released) = watch::channel(false);
        let tls = tls.map(|tls| TlsAcceptor::from(Arc::new(tls)));
        let serving = tokio::spawn(async move {
            for connection in 0.. {
                let (mut stream, _) = listener.accept().await.unwrap();
                if goes_away && connection == 0 {
                    go_away(&mut stream).await;
                    continue;
                }
                let (tls, log, react) = (tls.clone(), log.clone(), react.clone());
                let released = released.clone();
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, log, react, released).await,
                        Some(tls) => {
                            if let Ok(stream) = tls.accept(stream).await {
                                serve(stream, log, react, released).await;
                            }
                        }
                    }
                });
            }
        });
        Self { address, seen, release, serving }
    }

    /// Answers the calls that it holds.
    pub(crate) fn release(&self) {
        self.release.send_replace(true);
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
    log: Arc<Mutex<Vec<Seen>>>,
    react: React,
    released: watch::Receiver<bool>,
) {
    let Ok(mut calls) = server::handshake(stream).await else { return };
    while let Some(Ok((request, mut respond))) = calls.accept().await {
        let seen = seen(&request);
        let nth = {
            let mut log = log.lock().unwrap();
            log.push(seen.clone());
            log.iter().filter(|call| call.method == seen.method).count()
        };
        match react(&seen, nth) {
            Reaction::Answer => answer(respond),
            Reaction::Hold => {
                let mut released = released.clone();
                tokio::spawn(async move {
                    let _ = released.wait_for(|is_released| *is_released).await;
                    answer(respond);
                });
            }
            Reaction::Refuse => respond.send_reset(Reason::REFUSED_STREAM),
            Reaction::Cancel => respond.send_reset(Reason::CANCEL),
            Reaction::Crash => return,
        }
    }
}

/// Answers with an empty message. The other side may be gone.
fn answer(mut respond: SendResponse<Bytes>) {
    let head = Response::builder().header("content-type", "application/grpc").body(()).unwrap();
    let Ok(mut body) = respond.send_response(head, false) else { return };
    let _ = body.send_data(Bytes::from_static(&[0; 5]), false);
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", 0.into());
    let _ = body.send_trailers(trailers);
}

/// Waits for a call, and ends the connection with the number 0 for the last call that was processed.
async fn go_away(stream: &mut TcpStream) {
    const PREFACE: usize = 24;
    const HEADERS: u8 = 1;
    stream.read_exact(&mut [0; PREFACE]).await.unwrap();
    // Settings without a value.
    stream.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head).await.unwrap();
        let length = usize::from(head[1]) << 8 | usize::from(head[2]);
        stream.read_exact(&mut vec![0; length]).await.unwrap();
        if head[3] == HEADERS {
            break;
        }
    }
    // GOAWAY: last call 0, no error.
    stream.write_all(&[0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]).await.unwrap();
    // It hangs up only when the other side has read that, which then does the same.
    let _ = stream.read_to_end(&mut Vec::new()).await;
}

fn seen(request: &Request<h2::RecvStream>) -> Seen {
    let path = request.uri().path();
    Seen {
        method: path.rsplit('/').next().unwrap_or_default().to_owned(),
        headers: request.headers().clone(),
        scheme: request.uri().scheme_str().unwrap_or_default().to_owned(),
    }
}
