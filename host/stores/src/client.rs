//! HTTP client of cloud stores: logs failed attempts, limits responses, follows no redirect.

mod build;
mod response_limit;
mod unsent;

use std::{error::Error as StdError, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use object_store::{
    ClientOptions,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
    },
};

pub(crate) use self::response_limit::{ObjectRequest, OversizedResponse};
use crate::{
    attempt_counter::AttemptCounter, repeatable_write::RepeatableWrite,
    store_response::NoCredentials,
};

/// Timeout of the metadata service, which is on the same host or network.
const METADATA_TIMEOUT: Duration = Duration::from_secs(2);

/// Attempts to reach the metadata service.
const METADATA_ATTEMPTS: usize = 2;

/// Factory for the HTTP clients of one bucket.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    bucket: Arc<str>,
    /// Hosts of the metadata service, which issues credentials for this machine's role.
    metadata_hosts: Vec<String>,
    /// Advice for the case that no credentials are found.
    advice: &'static str,
}

impl Connector {
    pub(crate) fn new(bucket: &str, metadata_hosts: Vec<String>, advice: &'static str) -> Self {
        Self { bucket: bucket.into(), metadata_hosts, advice }
    }
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        // The metadata service speaks plain HTTP only, on a link-local address.
        let metadata = options.clone().with_allow_http(true);
        let metadata =
            metadata.with_connect_timeout(METADATA_TIMEOUT).with_timeout(METADATA_TIMEOUT);
        Ok(HttpClient::new(Client {
            connector: self.clone(),
            store: build::build(options)?,
            metadata: build::build(&metadata)?,
        }))
    }
}

#[derive(Debug)]
struct Client {
    connector: Connector,
    store: HttpClient,
    metadata: HttpClient,
}

impl HttpService for Client {
    fn call<'a, 'b>(
        &'a self,
        request: HttpRequest,
    ) -> BoxFuture<'b, Result<HttpResponse, HttpError>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move {
            let host = request.uri().authority().map_or("", |host| host.as_str());
            let is_object = request.extensions().get::<ObjectRequest>().is_some();
            let response = if self.connector.metadata_hosts.iter().any(|known| known == host) {
                self.call_metadata(request).await
            } else {
                self.call_store(request).await
            };
            response_limit::limit(response?, is_object).await
        })
    }
}

impl Client {
    async fn call_store(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let attempt = request.extensions().get::<AttemptCounter>().map_or(1, AttemptCounter::next);
        let method = request.method().clone();
        let is_repeatable = request.extensions().get::<RepeatableWrite>().is_some();
        let result = self.store.execute(request).await;
        let failure = match &result {
            Ok(response) if is_retried(response.status().as_u16()) => {
                format!("the store answered HTTP {}", response.status().as_u16())
            }
            Ok(_) => return result,
            Err(error) => format!("the store did not answer: {}", reason(error)),
        };
        let bucket = &*self.connector.bucket;
        // One warning per request: the retries usually succeed.
        if attempt == 1 {
            tracing::warn!(bucket, attempt, %method, "{failure}");
        } else {
            tracing::info!(bucket, attempt, %method, "{failure}");
        }
        result.map_err(|error| {
            // The store's client never retries this kind. An untrusted certificate stays
            // untrusted, so retrying would only delay the error by the whole retry timeout.
            if reason(&error).contains("certificate") {
                HttpError::new(HttpErrorKind::Unknown, error)
            } else if unsent::is_unsent(&error) || (is_repeatable && is_cut(error.kind())) {
                HttpError::new(HttpErrorKind::Request, error)
            } else {
                error
            }
        })
    }

    async fn call_metadata(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let mut why = String::new();
        // Outside of a cloud nobody answers at this address. The library would ask for as long as
        // the bucket retries, and the error about credentials would come minutes late.
        for _ in 0..METADATA_ATTEMPTS {
            match self.metadata.execute(request.clone()).await {
                // 403 refuses version 2 of the protocol. The store's client then tries version 1.
                Ok(response) => match response.status().as_u16() {
                    status @ (400..=402 | 404..=407) => {
                        why = format!("it answered HTTP {status}");
                        break;
                    }
                    _ => return Ok(response),
                },
                Err(error) => why = reason(&error),
            }
        }
        let host = request.uri().authority().map_or("", |host| host.as_str());
        let text =
            format!("{} (asked for this machine's role at {host}: {why})", self.connector.advice);
        Err(HttpError::new(HttpErrorKind::Unknown, NoCredentials(text)))
    }
}

/// Returns whether the connection broke after the request was sent. The store may have processed it.
fn is_cut(kind: HttpErrorKind) -> bool {
    matches!(kind, HttpErrorKind::Interrupted | HttpErrorKind::Timeout)
}

/// Returns whether the store's client retries after this status.
fn is_retried(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..=599)
}

/// Returns the text of the last cause. The others only say that a request failed.
fn reason(error: &HttpError) -> String {
    let mut last: &dyn StdError = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    cloakroom_core::clean(&last.to_string(), 200)
}
