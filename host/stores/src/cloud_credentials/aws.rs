//! Credentials of AWS, and the signature of a request (version 4).

use std::{collections::BTreeMap, fmt};

use cloakroom_core::{Error, ErrorKind};
use object_store::{
    aws::{AmazonS3ConfigKey, AwsAuthorizer, AwsCredentialProvider},
    client::{HttpRequest, HttpRequestBody},
};
use reqwest::{Method, header::HeaderMap};
use zeroize::Zeroizing;

use super::{NAME, RETRY, convert, merged, unusable};
use crate::{
    cloud::with_client::{s3_builder, s3_connector},
    environment::AWS,
};

/// Advice for the case that no credentials are found.
const NONE: &str = "no AWS credentials found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the \
                    settings `access_key_id` and `secret_access_key` of the key service";

/// Credentials of AWS: keys, or the role of the machine, the pod or the task.
pub struct AwsCredentials {
    provider: AwsCredentialProvider,
    region: Option<String>,
}

impl AwsCredentials {
    /// Finds credentials by these settings, named as those of a bucket. Nothing is sent yet.
    ///
    /// # Errors
    /// `Config` if a setting is unknown or malformed.
    pub fn find(
        settings: &BTreeMap<String, Zeroizing<String>>,
        reads_environment: bool,
    ) -> Result<Self, Error> {
        let merged = merged(AWS, settings, reads_environment);
        let builder = s3_builder(merged, settings, RETRY)?;
        let region = builder.get_config_value(&AmazonS3ConfigKey::Region);
        let connector = s3_connector(NAME, &builder, NONE);
        // A builder finds credentials only for a bucket, which is not asked for anything here.
        let built = builder.with_bucket_name("none").with_http_connector(connector).build();
        let provider = built.map_err(|_| unusable())?.credentials().clone();
        Ok(Self { provider, region })
    }

    /// Returns the region that a setting or a variable names.
    #[must_use]
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// Returns the headers of a POST to a service, with its signature among them. `digest` is the SHA-256
    /// of the body.
    ///
    /// # Errors
    /// `Denied` if there are no credentials, `Unavailable` if who issues them does not answer.
    pub async fn sign(
        &self,
        service: &str,
        region: &str,
        url: &str,
        headers: HeaderMap,
        digest: &[u8],
    ) -> Result<HeaderMap, Error> {
        let credential = self.provider.get_credential().await.map_err(|error| convert(&error))?;
        let mut request = HttpRequest::new(HttpRequestBody::empty());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = url.parse().map_err(|_| internal())?;
        *request.headers_mut() = headers;
        let authorizer = AwsAuthorizer::new(&credential, service, region);
        authorizer.try_authorize(&mut request, Some(digest)).map_err(|_| internal())?;
        let mut headers = std::mem::take(request.headers_mut());
        // The session's token and the signature do not print.
        headers.values_mut().for_each(|value| value.set_sensitive(true));
        Ok(headers)
    }
}

fn internal() -> Error {
    Error::new(ErrorKind::Internal, "the request to the key service cannot be signed")
}

impl fmt::Debug for AwsCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AwsCredentials").field("region", &self.region).finish_non_exhaustive()
    }
}
