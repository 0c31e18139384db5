//! Client of one service: makes requests of what the rules allow, with the host's headers.

use std::{fmt, sync::Arc, time::Duration};

use cloakroom_core::{Error, Service, ServiceRequest, ServiceResponse, is_same_header};
use futures::future::BoxFuture;
use reqwest::{
    Client, Method, Request, Url,
    header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};

use super::{
    failure::{self, denied},
    request_body::Pieces,
    response,
    secrets::Secrets,
};

/// Service over HTTP. Clones share one connection pool.
///
/// It follows no redirect, takes no proxy from the environment, decompresses nothing, and sends a request
/// once. Only a request of which nothing was sent, because a pooled connection had been closed, is sent
/// on another one.
///
/// ```
/// # fn f() -> Result<(), cloakroom_core::Error> {
/// let store = cloakroom_stores::HttpService::builder("https://store.example/v1/")
///     .with_secret_header("authorization", "Bearer ", b"s3cr3t-token")
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct HttpService(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) client: Client,
    /// URL of all requests, which ends with a slash.
    pub(super) url: Url,
    /// Headers of all requests, credentials among them.
    pub(super) headers: HeaderMap,
    pub(super) secrets: Arc<Secrets>,
    /// Time of one request.
    pub(super) timeout: Duration,
}

impl HttpService {
    /// Returns the whole URL of a path that the rules allow.
    pub(super) fn target(&self, path: &str) -> Result<Url, Error> {
        let text = format!("{}{path}", self.0.url);
        let url = Url::parse(&text).ok();
        // The rules leave nothing to normalise. If the parser disagrees with them, its reading could lie
        // outside of the prefix.
        url.filter(|url| url.as_str() == text)
            .ok_or_else(|| denied("the path of a request is not in its simplest form"))
    }

    pub(super) fn build(&self, mut request: ServiceRequest) -> Result<Request, Error> {
        let method = Method::from_bytes(request.method().as_bytes());
        let method = method.map_err(|_| denied("the method of a request is not known"))?;
        let mut built = Request::new(method, self.target(request.path())?);
        let headers = built.headers_mut();
        for (name, value) in request.headers() {
            if let Some(own) = self.0.headers.keys().find(|own| is_same_header(own.as_str(), name))
            {
                return Err(denied(&format!(
                    "a request sets the header `{own}`, which the host sets"
                )));
            }
            let unusable = || denied("a header of a request is not valid");
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable())?;
            headers.append(name, HeaderValue::from_str(value).map_err(|_| unusable())?);
        }
        headers.extend(self.0.headers.clone());
        if let Some(pieces) = request.take_body() {
            headers
                .entry(CONTENT_TYPE)
                .or_insert(HeaderValue::from_static("application/octet-stream"));
            // The client sends no length of an empty body, and some services insist on one.
            if pieces.iter().all(|piece| piece.is_empty()) {
                headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
            }
            *built.body_mut() = Some(Pieces::body(pieces));
        }
        Ok(built)
    }
}

impl Service for HttpService {
    fn url(&self) -> &str {
        self.0.url.as_str()
    }

    fn request(&self, request: ServiceRequest) -> BoxFuture<'_, Result<ServiceResponse, Error>> {
        Box::pin(async move {
            let request = self.build(request)?;
            let secrets = &self.0.secrets;
            let response = self.0.client.execute(request).await;
            let response =
                response.map_err(|error| failure::convert(&error, secrets, self.0.timeout))?;
            response::checked(response, secrets.clone(), self.0.timeout)
        })
    }
}

impl fmt::Debug for HttpService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpService").field("url", &self.0.url.as_str()).finish_non_exhaustive()
    }
}
