//! A service within its grant, with its name in errors.

use std::sync::Arc;

use cloakroom_core::{Error, ErrorKind, Limit, Service, ServiceRequest, ServiceResponse, clean};

use super::secrets::GrantedSecrets;

/// Most characters of a method in a trace.
const METHOD: usize = 32;

/// Most characters of a path in a trace.
const PATH: usize = 160;

/// A granted service and the name that it was granted under.
#[derive(Clone)]
pub(crate) struct GrantedService {
    name: Arc<str>,
    service: Arc<dyn Service>,
}

impl GrantedService {
    pub(crate) fn new(name: &str, service: Arc<dyn Service>) -> Self {
        Self { name: name.into(), service }
    }

    pub(super) fn replace_service(
        &mut self,
        change: impl Fn(Arc<dyn Service>) -> Arc<dyn Service>,
    ) {
        self.service = change(self.service.clone());
    }

    pub(crate) fn url(&self) -> &str {
        self.service.url()
    }

    /// Sends a request and returns the head of its response.
    ///
    /// # Errors
    /// The service's error, with its name.
    pub(crate) async fn send(&self, request: ServiceRequest) -> Result<ServiceResponse, Error> {
        self.service.request(request).await.map_err(|error| self.name_error(&error))
    }

    /// Returns a request for a trace: method, service and path. A query is not shown, and neither is a
    /// path that holds a secret. The path is the guest's text.
    pub(crate) fn describe_request(
        &self,
        method: &str,
        path: &str,
        secrets: &GrantedSecrets,
    ) -> String {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let path = if secrets.are_in(path) { "(a path with a secret)" } else { path };
        let query = if query.is_empty() { "" } else { "?..." };
        format!("`{}` {} {}{query}", self.name, clean(method, METHOD), clean(path, PATH))
    }

    /// Returns an error with the name of the service.
    pub(crate) fn name_error(&self, error: &Error) -> Error {
        Error::new(error.kind(), format!("service `{}`: {}", self.name, error.report()))
    }

    /// Returns the operator's error for a response that is no success. The plugin decides about the
    /// response and can tell the host no more than a kind of error.
    pub(crate) fn failure(&self, status: u16) -> Option<Error> {
        let (kind, advice) = match status {
            0..=299 => return None,
            300..=399 => (ErrorKind::Denied, "; redirects are not followed: correct its URL"),
            401 | 403 | 407 => (ErrorKind::Denied, ": check the credentials and their permissions"),
            404 | 410 => (ErrorKind::NotFound, ""),
            408 | 425 | 429 | 500.. => (ErrorKind::Unavailable, ""),
            413 => (ErrorKind::LimitExceeded(Limit::Payload), ""),
            _ => (ErrorKind::Failed, ""),
        };
        let text = format!("service `{}` answered with HTTP {status}{advice}", self.name);
        Some(Error::new(kind, text))
    }
}
