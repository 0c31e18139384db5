//! A small HTTP server that answers as a test says: well, or with any bytes.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
};

use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::WebPkiClientVerifier,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use crate::gateway::access::{Authority, Pair};

/// Reaction of the server to a request.
pub(crate) enum Reply {
    /// These bytes; the connection stays open.
    Bytes(Vec<u8>),
    /// These bytes, and the end of the connection.
    Last(Vec<u8>),
    /// These bytes, and then the others for ever.
    Endless(Vec<u8>, Vec<u8>),
    /// Nothing, on an open connection.
    Silence,
}

impl Reply {
    /// A whole response.
    pub(crate) fn new(status: u16, headers: &str, body: &[u8]) -> Self {
        let length = body.len();
        let head = format!("HTTP/1.1 {status} Any\r\ncontent-length: {length}\r\n{headers}\r\n");
        Self::Bytes([head.as_bytes(), body].concat())
    }
}

/// A request as it came: the head in lower case but for the first line, and the body.
pub(crate) struct Asked {
    pub(crate) line: String,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Asked {
    pub(crate) fn method(&self) -> &str {
        self.line.split(' ').next().unwrap()
    }

    pub(crate) fn path(&self) -> &str {
        self.line.split(' ').nth(1).unwrap()
    }
}

type Handler = dyn Fn(&Asked) -> Reply + Send + Sync;

/// A server until the process ends.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    scheme: &'static str,
    asked: Arc<Mutex<Vec<Asked>>>,
    connections: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) async fn start(handler: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Self {
        Self::with_tls(None, Arc::new(handler)).await
    }

    /// A server that keeps objects under their paths, for who has the token.
    pub(crate) async fn objects(token: &str) -> Self {
        Self::start(objects(token)).await
    }

    /// The same over TLS. It asks for a certificate that `clients` signed, if there is one.
    pub(crate) async fn tls(pair: &Pair, clients: Option<&Authority>, token: &str) -> Self {
        let certificate = CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap();
        let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone());
        let builder = builder.with_safe_default_protocol_versions().unwrap();
        let builder = match clients {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let mut roots = RootCertStore::empty();
                let pem = authority.pem();
                roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
                let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
                builder.with_client_cert_verifier(verifier.build().unwrap())
            }
        };
        let config = builder.with_single_cert(vec![certificate], key).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        Self::with_tls(Some(acceptor), Arc::new(objects(token))).await
    }

    async fn with_tls(tls: Option<TlsAcceptor>, handler: Arc<Handler>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            address: listener.local_addr().unwrap(),
            scheme: if tls.is_some() { "https" } else { "http" },
            asked: Arc::default(),
            connections: Arc::default(),
        };
        let this = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                this.connections.fetch_add(1, SeqCst);
                let (this, handler, tls) = (this.clone(), handler.clone(), tls.clone());
                tokio::spawn(async move {
                    match tls {
                        None => this.serve(stream, &*handler).await,
                        Some(tls) => {
                            let Ok(stream) = tls.accept(stream).await else { return };
                            this.serve(stream, &*handler).await;
                        }
                    }
                });
            }
        });
        server
    }

    /// Returns the URL of the prefix `/v1/`.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}/v1/", self.scheme, self.address)
    }

    /// Returns the number of connections.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(SeqCst)
    }

    /// Returns the first lines and heads of all requests.
    pub(crate) fn asked(&self) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked.iter().map(|asked| format!("{}\n{}", asked.line, asked.head)).collect()
    }

    async fn serve(&self, mut stream: impl AsyncRead + AsyncWrite + Unpin, handler: &Handler) {
        while let Some(asked) = read(&mut stream).await {
            let reply = handler(&asked);
            self.asked.lock().unwrap().push(asked);
            let written = match reply {
                Reply::Bytes(bytes) => stream.write_all(&bytes).await,
                Reply::Last(bytes) => {
                    let _ = stream.write_all(&bytes).await;
                    let _ = stream.shutdown().await;
                    return;
                }
                Reply::Endless(bytes, more) => {
                    let mut written = stream.write_all(&bytes).await;
                    while written.is_ok() {
                        written = stream.write_all(&more).await;
                    }
                    return;
                }
                Reply::Silence => {
                    // Until the client goes.
                    let _ = stream.read_u8().await;
                    return;
                }
            };
            if written.is_err() {
                return;
            }
        }
    }
}

/// Reads one request; `None` at the end of the connection.
async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Asked> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).unwrap();
    let (line, head) = head.split_once("\r\n").unwrap();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse().unwrap())
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    Some(Asked { line: line.to_owned(), head: head.to_owned(), body })
}

/// Answers to PUT and GET of objects, for who has the token.
fn objects(token: &str) -> impl Fn(&Asked) -> Reply + Send + Sync + 'static {
    let objects = Mutex::new(BTreeMap::<String, Vec<u8>>::new());
    let expected = format!("authorization: Bearer {token}\r\n");
    move |asked| {
        let mut objects = objects.lock().unwrap();
        if !asked.head.contains(&expected) {
            return Reply::new(401, "", b"");
        }
        match asked.method() {
            "PUT" => {
                objects.insert(asked.path().to_owned(), asked.body.clone());
                Reply::new(201, "", b"")
            }
            "GET" => match objects.get(asked.path()) {
                Some(object) => Reply::new(200, "", object),
                None => Reply::new(404, "", b"no such object"),
            },
            _ => Reply::new(405, "", b""),
        }
    }
}
