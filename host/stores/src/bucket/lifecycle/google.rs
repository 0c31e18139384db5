//! Lifecycle rules of a bucket of Google Cloud Storage (`GET /storage/v1/b/BUCKET` of the JSON API).

mod rule;

use cloakroom_core::{Error, ErrorKind};
use object_store::{
    client::{HttpClient, HttpError, HttpRequest, HttpRequestBody},
    gcp::GcpCredentialProvider,
};
use reqwest::header::{AUTHORIZATION, HeaderValue};

use self::rule::Configuration;
use crate::error::{StoreRequest, convert};

/// Address of the JSON API.
pub(crate) const ADDRESS: &str = "https://storage.googleapis.com";

/// Reader of a bucket's rules, with the credentials of the bucket.
pub(crate) struct GoogleRules {
    credentials: GcpCredentialProvider,
    http: HttpClient,
    address: String,
}

impl GoogleRules {
    pub(crate) fn new(
        credentials: GcpCredentialProvider,
        http: HttpClient,
        address: String,
    ) -> Self {
        Self { credentials, http, address }
    }

    /// Returns the names of the rules that take objects under `prefix` away.
    ///
    /// # Errors
    /// `Denied` if the credentials may not read them, `Unavailable` if the store does not answer, `Failed` if
    /// the answer is not understood, or a rule cannot be judged.
    pub(crate) async fn covering(&self, bucket: &str, prefix: &str) -> Result<Vec<String>, Error> {
        let failed = |kind, text: &str| Error::new(kind, format!("bucket `{bucket}`: {text}"));
        let silent = |_: HttpError| {
            failed(ErrorKind::Unavailable, "the store did not answer for its lifecycle rules")
        };
        let response = self.http.execute(self.request(bucket).await?).await.map_err(silent)?;
        let status = response.status().as_u16();
        let body = response.into_body().bytes().await.map_err(silent)?;
        match status {
            200 => {
                let rules = Configuration::parse(&body).ok_or_else(|| {
                    failed(ErrorKind::Failed, "its lifecycle rules are not in the documented form")
                })?;
                rules.covering(prefix).map_err(|why| failed(ErrorKind::Failed, &why))
            }
            401 | 403 => Err(failed(
                ErrorKind::Denied,
                "the credentials may not read its lifecycle rules (storage.buckets.get)",
            )),
            429 | 500.. => {
                Err(failed(ErrorKind::Unavailable, "the store could not show its rules"))
            }
            status => Err(failed(
                ErrorKind::Failed,
                &format!("it shows no lifecycle rules (HTTP {status})"),
            )),
        }
    }

    async fn request(&self, bucket: &str) -> Result<HttpRequest, Error> {
        let failed = |kind, text: &str| Error::new(kind, format!("bucket `{bucket}`: {text}"));
        // Nothing in a name may lead to another resource.
        if !bucket.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) {
            return Err(failed(ErrorKind::Failed, "this is no name of a bucket of Google"));
        }
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        // With its kind, so that an answer about something else does not count as one without rules.
        let target = format!("{}/storage/v1/b/{bucket}?fields=kind,lifecycle", self.address);
        let unsent = || failed(ErrorKind::Internal, "the request for its rules cannot be written");
        *request.uri_mut() = target.parse().map_err(|_| unsent())?;
        let about = StoreRequest { bucket, key: None, creates: true };
        let credential = self.credentials.get_credential().await;
        let credential = credential.map_err(|error| convert(about, &error))?;
        if !credential.bearer.is_empty() {
            let header = format!("Bearer {}", credential.bearer);
            let mut header: HeaderValue = header.parse().map_err(|_| unsent())?;
            header.set_sensitive(true);
            request.headers_mut().insert(AUTHORIZATION, header);
        }
        Ok(request)
    }
}
