//! A frontend that answers at once: a fixed answer to a start, and a page of a history.

use std::{convert::Infallible, fs};

use bytes::Bytes;
use http::{HeaderMap, Request, Response};
use http_body_util::{BodyExt as _, Full, combinators::WithTrailers};
use hyper::{body::Incoming, server::conn::http2::Builder, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpListener;

use crate::messages::framed;

const WINDOW: u32 = 4 << 20;

/// Serves the page in this file.
pub(crate) async fn serve(address: &str, page: &str) {
    let page = framed(&fs::read(page).expect("a page"));
    // `StartWorkflowExecutionResponse` with a run id.
    let started = framed(&[&[10, 36][..], &[b'1'; 36]].concat());
    let listener = TcpListener::bind(address).await.expect("an address that is free");
    loop {
        let (socket, _) = listener.accept().await.expect("a connection");
        socket.set_nodelay(true).expect("a socket");
        let (page, started) = (page.clone(), started.clone());
        let service = service_fn(move |request: Request<Incoming>| {
            let method = request.uri().path().rsplit('/').next().unwrap_or_default();
            let answer = match method {
                "GetWorkflowExecutionHistory" => page.clone(),
                "StartWorkflowExecution" => started.clone(),
                _ => framed(&[]),
            };
            respond(request, answer)
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

type Answer = WithTrailers<Full<Bytes>, Trailers>;
type Trailers = std::future::Ready<Option<Result<HeaderMap, Infallible>>>;

async fn respond(
    request: Request<Incoming>,
    answer: Bytes,
) -> Result<Response<Answer>, Infallible> {
    // A caller that was gone would have ended the connection.
    let _ = request.into_body().collect().await;
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", 0.into());
    let body = Full::new(answer).with_trailers(std::future::ready(Some(Ok(trailers))));
    let mut response = Response::new(body);
    response
        .headers_mut()
        .insert("content-type", http::HeaderValue::from_static("application/grpc"));
    Ok(response)
}
