//! Lifecycle rules of an S3 bucket (`GetBucketLifecycleConfiguration`).

mod rule;

use std::{sync::Arc, time::Duration};

use cloakroom_core::{Error, ErrorKind, clean};
use object_store::{
    aws::AmazonS3,
    client::{HttpClient, HttpRequest, HttpRequestBody},
    path::Path,
    signer::{Method, SignedUrlOptions, Signer as _},
};

use self::rule::Configuration;
use crate::error::{StoreRequest, convert};

/// Time for which the signature of the request is valid.
const VALID: Duration = Duration::from_secs(60);

/// Longest name of a rule that is shown, in characters.
const NAME: usize = 100;

/// Reader of a bucket's rules, with the credentials of the bucket.
pub(crate) struct S3Rules {
    store: Arc<AmazonS3>,
    http: HttpClient,
}

impl S3Rules {
    pub(crate) fn new(store: Arc<AmazonS3>, http: HttpClient) -> Self {
        Self { store, http }
    }

    /// Returns the names of the rules that take objects under `prefix` away.
    ///
    /// # Errors
    /// `Denied` if the credentials may not read them, `Unavailable` if the store does not answer, `Failed` if
    /// the answer is not understood.
    pub(crate) async fn covering(&self, bucket: &str, prefix: &str) -> Result<Vec<String>, Error> {
        let request = StoreRequest { bucket, key: None, creates: true };
        let query = SignedUrlOptions::new().with_query([("lifecycle", "")]);
        // The signature is in the URL, which is shown nowhere.
        let url = self.store.signed_url_opts(Method::GET, &Path::default(), VALID, &query).await;
        let url = url.map_err(|error| convert(request, &error))?;
        let failed = |kind, text: &str| Error::new(kind, format!("bucket `{bucket}`: {text}"));
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        let unsent = || failed(ErrorKind::Internal, "the request for its rules has no address");
        *request.uri_mut() = url.as_str().parse().map_err(|_| unsent())?;
        let silent = |_| failed(ErrorKind::Unavailable, "the store did not answer for its rules");
        let response = self.http.execute(request).await.map_err(silent)?;
        let status = response.status().as_u16();
        let body = response.into_body().bytes().await.map_err(silent)?;
        let text = String::from_utf8_lossy(&body);
        match status {
            200 => {
                let rules = Configuration::parse(&text).ok_or_else(|| {
                    failed(ErrorKind::Failed, "its lifecycle rules are not in the documented form")
                })?;
                Ok(rules.covering(prefix).map(|name| clean(name, NAME)).collect())
            }
            404 if text.contains("NoSuchLifecycleConfiguration") => Ok(Vec::new()),
            401 | 403 => Err(failed(
                ErrorKind::Denied,
                "the credentials may not read its lifecycle rules (s3:GetLifecycleConfiguration)",
            )),
            500.. => Err(failed(ErrorKind::Unavailable, "the store could not show its rules")),
            status => Err(failed(
                ErrorKind::Failed,
                &format!("it shows no lifecycle rules (HTTP {status})"),
            )),
        }
    }
}
