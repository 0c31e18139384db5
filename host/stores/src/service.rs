//! Service over HTTP, with credentials that only the host knows.

mod builder;
mod failure;
mod request_body;
mod response;
mod secrets;

use std::{fmt, sync::Arc};

use cloakroom_core::{Error, ErrorKind, Service, ServiceRequest, ServiceResponse, is_same_header};
use futures::future::BoxFuture;
use reqwest::{
    Client, Method, Request, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
};

pub use self::builder::HttpServiceBuilder;
use self::{request_body::Pieces, secrets::Secrets};

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
pub struct HttpService(Arc<Inner>);

struct Inner {
    client: Client,
    /// URL of all requests, which ends with a slash.
    url: Url,
    /// Headers of all requests, credentials among them.
    headers: HeaderMap,
    secrets: Arc<Secrets>,
}

impl HttpService {
    /// Returns a builder for the service at this URL.
    #[must_use]
    pub fn builder(url: &str) -> HttpServiceBuilder {
        HttpServiceBuilder::new(url)
    }

    /// Returns the whole URL of a path that the rules allow.
    fn target(&self, path: &str) -> Result<Url, Error> {
        let text = format!("{}{path}", self.0.url);
        let url = Url::parse(&text).ok();
        // The rules leave nothing to normalise. If the parser disagrees with them, its reading could lie
        // outside of the prefix.
        url.filter(|url| url.as_str() == text)
            .ok_or_else(|| denied("the path of a request is not in its simplest form"))
    }

    fn build(&self, mut request: ServiceRequest) -> Result<Request, Error> {
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
            let response = response.map_err(|error| failure::convert(&error, secrets))?;
            response::checked(response, secrets.clone())
        })
    }
}

impl fmt::Debug for HttpService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpService").field("url", &self.0.url.as_str()).finish_non_exhaustive()
    }
}

fn denied(text: &str) -> Error {
    Error::new(ErrorKind::Denied, text)
}

#[cfg(test)]
mod tests;
