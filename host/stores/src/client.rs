//! HTTP client of the cloud stores: reports each attempt that fails, bounds what a store answers and
//! the search for credentials, and follows no redirect.

mod build;
mod response_limit;

use std::{error::Error as StdError, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use object_store::{
    ClientOptions,
    client::{
        HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
    },
};

pub(crate) use self::response_limit::{Oversized, ReadsObject};
use crate::{attempt_counter::Attempts, store_response::NoCredentials};

/// A machine that has a role answers from next door.
const METADATA: Duration = Duration::from_secs(2);

/// How often the machine's metadata are asked for before they are given up.
const METADATA_TRIES: usize = 2;

/// Makes the clients of one bucket.
#[derive(Clone, Debug)]
pub(crate) struct Connector {
    bucket: Arc<str>,
    /// Hosts that give a machine's own credentials.
    metadata: Vec<String>,
    /// What to say if none of them does.
    missing: &'static str,
}

impl Connector {
    pub(crate) fn new(bucket: &str, metadata: Vec<String>, missing: &'static str) -> Self {
        Self { bucket: bucket.into(), metadata, missing }
    }
}

impl HttpConnector for Connector {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let metadata = options.clone().with_allow_http(true);
        let metadata = metadata.with_connect_timeout(METADATA).with_timeout(METADATA);
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
            let reads_object = request.extensions().get::<ReadsObject>().is_some();
            let answer = if self.connector.metadata.iter().any(|known| known == host) {
                self.ask_machine(request).await
            } else {
                self.ask_store(request).await
            };
            response_limit::bound(answer?, reads_object).await
        })
    }
}

impl Client {
    async fn ask_store(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let attempt = request.extensions().get::<Attempts>().map_or(1, Attempts::next);
        let method = request.method().clone();
        let answered = self.store.execute(request).await;
        let trouble = match &answered {
            Ok(answer) if is_retried(answer.status().as_u16()) => {
                format!("the store answered HTTP {}", answer.status().as_u16())
            }
            Ok(_) => return answered,
            Err(error) => format!("the store did not answer: {}", reason(error)),
        };
        let bucket = &*self.connector.bucket;
        // The first is news, and the others are progress.
        if attempt == 1 {
            tracing::warn!(bucket, attempt, %method, "{trouble}");
        } else {
            tracing::info!(bucket, attempt, %method, "{trouble}");
        }
        answered.map_err(|error| {
            // The client would try again for as long as it has patience, and meet the same.
            if reason(&error).contains("certificate") {
                HttpError::new(HttpErrorKind::Unknown, error)
            } else {
                error
            }
        })
    }

    async fn ask_machine(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let mut why = String::new();
        for _ in 0..METADATA_TRIES {
            match self.metadata.execute(request.clone()).await {
                // 403 is how the newer of two protocols is refused, and the older is tried.
                Ok(answer) => match answer.status().as_u16() {
                    status @ (400..=402 | 404..=407) => {
                        why = format!("it answered HTTP {status}");
                        break;
                    }
                    _ => return Ok(answer),
                },
                Err(error) => why = reason(&error),
            }
        }
        let host = request.uri().authority().map_or("", |host| host.as_str());
        let text =
            format!("{} (asked this machine's role at {host}: {why})", self.connector.missing);
        Err(HttpError::new(HttpErrorKind::Unknown, NoCredentials(text)))
    }
}

/// Returns whether the store's client tries again after this status.
fn is_retried(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..=599)
}

/// The last cause: those before it say that a request failed.
fn reason(error: &HttpError) -> String {
    let mut last: &dyn StdError = error;
    while let Some(cause) = last.source() {
        last = cause;
    }
    cloakroom_core::clean(&last.to_string(), 200)
}
