//! A client in the place of an app, which speaks gRPC as it is on the wire.

use std::{net::SocketAddr, sync::Arc};

use bytes::{Bytes, BytesMut};
use cloakroom_tests::PATIENCE;
use h2::{RecvStream, client::SendRequest};
use http::{Request, Response};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::TlsConnector;

use super::wire::{TOKEN, framed, read, take};

/// A client in the place of an app.
pub(super) struct Caller {
    client: SendRequest<Bytes>,
    headers: Vec<(&'static str, String)>,
}

/// The answer to a call.
pub(super) struct Answer {
    pub(super) code: String,
    pub(super) message: String,
    pub(super) body: Bytes,
}

/// The stream of work items, on the side of the app.
pub(super) struct Arriving {
    body: RecvStream,
    rest: BytesMut,
}

impl Caller {
    /// Connects an app that has a token of its sidecar.
    pub(super) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        Self::over(stream).await.unwrap().with("dapr-api-token", TOKEN)
    }

    /// Connects an app by TLS, if the gateway lets it.
    pub(super) async fn connect_tls(
        address: SocketAddr,
        tls: ClientConfig,
    ) -> Result<Self, Box<dyn std::error::Error>> {
        let stream = TcpStream::connect(address).await?;
        let name = ServerName::try_from("localhost")?;
        let stream = TlsConnector::from(Arc::new(tls)).connect(name, stream).await?;
        Ok(Self::over(stream).await?.with("dapr-api-token", TOKEN))
    }

    async fn over(
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ) -> Result<Self, h2::Error> {
        let (client, connection) = h2::client::handshake(stream).await?;
        tokio::spawn(connection);
        Ok(Self { client, headers: Vec::new() })
    }

    /// Sends a header with each call from now on.
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Sends no headers but those of gRPC.
    pub(super) fn without_headers(mut self) -> Self {
        self.headers.clear();
        self
    }

    async fn open(&self, path: &str, message: &[u8]) -> Result<Response<RecvStream>, h2::Error> {
        let mut client = self.client.clone().ready().await?;
        let mut request = Request::post(format!("http://gateway{path}"))
            .header("content-type", "application/grpc")
            .header("te", "trailers");
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let (answer, mut sending) = client.send_request(request.body(()).unwrap(), false)?;
        // Whoever refuses a call may do so before it has come whole.
        let _ = sending.send_data(framed(message), true);
        answer.await
    }

    /// Returns why no call is answered at all.
    pub(super) async fn refused(&self, path: &str) -> Option<String> {
        self.open(path, b"").await.map(drop).err().map(|error| error.to_string())
    }

    /// Makes a unary call.
    pub(super) async fn call(&self, path: &str, message: &[u8]) -> Answer {
        let (head, mut body) = self.open(path, message).await.unwrap().into_parts();
        let message = read(&mut body).await;
        let trailers = body.trailers().await.unwrap().unwrap_or_default();
        let text = |name| {
            let value = head.headers.get(name).or_else(|| trailers.get(name));
            value.map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
        };
        Answer { code: text("grpc-status"), message: text("grpc-message"), body: message }
    }

    /// Opens a stream.
    pub(super) async fn stream(&self, path: &str) -> Arriving {
        let body = self.open(path, b"").await.unwrap().into_body();
        Arriving { body, rest: BytesMut::new() }
    }
}

impl Arriving {
    /// Waits for the next message.
    pub(super) async fn next(&mut self) -> Bytes {
        loop {
            if let Some(message) = take(&mut self.rest) {
                return message;
            }
            let part = timeout(PATIENCE, self.body.data()).await.expect("a message");
            let part = part.expect("an open stream").unwrap();
            self.body.flow_control().release_capacity(part.len()).unwrap();
            self.rest.extend_from_slice(&part);
        }
    }

    /// Waits for the end, and returns its status.
    pub(super) async fn end(mut self) -> String {
        let ended = async {
            while let Some(part) = self.body.data().await {
                assert!(part.unwrap().is_empty(), "a message behind the last one");
            }
            self.body.trailers().await.unwrap().expect("trailers")
        };
        let trailers = timeout(PATIENCE, ended).await.expect("the end");
        trailers["grpc-status"].to_str().unwrap().to_owned()
    }
}
