//! Credentials of Google Cloud: access tokens with the scope of the whole platform.

use std::{collections::BTreeMap, fmt};

use cloakroom_core::Error;
use object_store::gcp::GcpCredentialProvider;
use zeroize::Zeroizing;

use super::{NAME, RETRY, convert, merged, unusable};
use crate::{
    cloud::with_client::{gcs_builder, gcs_connector, other_credentials},
    environment::GOOGLE,
};

/// Advice for the case that no credentials are found.
const NONE: &str = "no Google credentials found: set GOOGLE_APPLICATION_CREDENTIALS, or the setting \
                    `service_account` of the key service";

/// Credentials of Google Cloud: a service account's key, or the account of the machine or pod.
pub struct GoogleCredentials(GcpCredentialProvider);

impl GoogleCredentials {
    /// Finds credentials by these settings, named as those of a bucket. Nothing is sent yet.
    ///
    /// # Errors
    /// `Config` if a setting is unknown or malformed, or a file cannot be read.
    pub fn find(
        settings: &BTreeMap<String, Zeroizing<String>>,
        reads_environment: bool,
    ) -> Result<Self, Error> {
        let merged = merged(GOOGLE, settings, reads_environment);
        let builder = gcs_builder(merged, settings, RETRY)?;
        // A builder finds credentials only for a bucket, which is not asked for anything here.
        let builder = builder.with_bucket_name("none");
        let built = builder.with_http_connector(gcs_connector(NAME, NONE)).build();
        let built = built.map_err(|error| other_credentials(&error).unwrap_or_else(unusable));
        Ok(Self(built?.credentials().clone()))
    }

    /// Returns an access token. It is fetched again before it ends.
    ///
    /// # Errors
    /// `Denied` if there are no credentials, `Unavailable` if who issues them does not answer.
    pub async fn token(&self) -> Result<Zeroizing<String>, Error> {
        let credential = self.0.get_credential().await.map_err(|error| convert(&error))?;
        Ok(Zeroizing::new(credential.bearer.clone()))
    }
}

impl fmt::Debug for GoogleCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GoogleCredentials").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(file: &str) -> String {
        let settings = [("service_account_key".to_owned(), Zeroizing::new(file.to_owned()))];
        let found = GoogleCredentials::find(&settings.into(), false);
        found.expect_err("no credentials").to_string()
    }

    #[test]
    fn federated_credentials_are_refused_by_their_kind() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("federated.json");
        let file = r#"{"type":"external_account","audience":"a-secret","credential_source":{}}"#;
        std::fs::write(&path, file).expect("a file");
        let path = path.to_str().expect("UTF-8").to_owned();
        let settings = [("application_credentials".to_owned(), Zeroizing::new(path))];
        let refused = GoogleCredentials::find(&settings.into(), false).expect_err("refused");
        let text = refused.to_string();
        assert!(text.contains("`external_account`") && !text.contains("a-secret"), "{text}");
        let text = refusal(r#"{"type":"service_account"}"#);
        assert!(text.contains("malformed"), "{text}");
    }
}
