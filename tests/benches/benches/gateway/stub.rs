//! A frontend that answers at once: a fixed answer to a start, and a page of a history.

use std::{
    convert::Infallible,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, combinators::WithTrailers};
use hyper::{body::Incoming, server::conn::http2::Builder, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;

use crate::{message::Message, messages::framed};

const WINDOW: u32 = 4 << 20;

/// Returns the file to which a stub appends the signals that it gets.
pub(crate) fn signals(page: &Path) -> PathBuf {
    page.with_extension("signals")
}

/// Serves the page in this file.
pub(crate) async fn serve(address: &str, page: &str) {
    let signals = signals(Path::new(page));
    let page = framed(&fs::read(page).expect("a page"), false);
    // `StartWorkflowExecutionResponse` with a run id.
    let started = framed(&[&[10, 36][..], &[b'1'; 36]].concat(), false);
    let listener = TcpListener::bind(address).await.expect("an address that is free");
    loop {
        let (socket, _) = listener.accept().await.expect("a connection");
        socket.set_nodelay(true).expect("a socket");
        let (page, started, signals) = (page.clone(), started.clone(), signals.clone());
        let service = service_fn(move |request: Request<Incoming>| {
            let method = request.uri().path().rsplit('/').next().unwrap_or_default();
            let kept = (method == "SignalWorkflowExecution").then(|| signals.clone());
            let answer = match method {
                "GetWorkflowExecutionHistory" => page.clone(),
                "StartWorkflowExecution" => started.clone(),
                _ => framed(&[], false),
            };
            respond(request, answer, kept)
        });
        tokio::spawn(
            Builder::new(TokioExecutor::new())
                .initial_stream_window_size(WINDOW)
                .initial_connection_window_size(WINDOW)
                .max_concurrent_streams(None)
                .serve_connection(TokioIo::new(socket), service),
        );
    }
}

type Answer = WithTrailers<Message, Trailers>;
type Trailers = std::future::Ready<Option<Result<HeaderMap, Infallible>>>;

/// Responds to a call, whose message is appended to a file if there is one.
async fn respond(
    request: Request<Incoming>,
    answer: Bytes,
    kept: Option<PathBuf>,
) -> Result<Response<Answer>, Infallible> {
    // A caller that was gone would have ended the connection.
    let received = request.into_body().collect().await;
    if let (Some(path), Ok(message)) = (kept, received) {
        let mut file = fs::OpenOptions::new().create(true).append(true).open(path).expect("a file");
        file.write_all(&message.to_bytes()).expect("a file");
    }
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", 0.into());
    let body = Message::new(answer).with_trailers(std::future::ready(Some(Ok(trailers))));
    let mut response = Response::new(body);
    response
        .headers_mut()
        .insert("content-type", http::HeaderValue::from_static("application/grpc"));
    Ok(response)
}
