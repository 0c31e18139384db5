//! Cloud buckets: S3, Google Cloud Storage and Azure Blob Storage, each behind a feature.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use cloakroom_core::Error;
use object_store::ObjectStore;
use zeroize::Zeroizing;

use crate::{bucket::lifecycle::Lifecycle, error::config};

pub(crate) type Settings = BTreeMap<String, Zeroizing<String>>;
type ConnectResult = Result<(Arc<dyn ObjectStore>, Lifecycle), Error>;

/// Returns the store of a bucket whose URL has this scheme. Sends nothing yet.
pub(crate) fn connect(
    scheme: &str,
    name: &str,
    settings: &Settings,
    retry_timeout: Duration,
) -> ConnectResult {
    match scheme {
        #[cfg(feature = "s3")]
        "s3" => with_client::s3(name, settings, retry_timeout),
        #[cfg(feature = "gcs")]
        "gs" => with_client::gcs(name, settings, retry_timeout),
        #[cfg(feature = "azure")]
        "az" => with_client::azure(name, settings, retry_timeout),
        other => {
            let _ = (name, settings, retry_timeout);
            Err(config(format!(
                "this build does not support `{other}:`: enable the feature `s3`, `gcs` or `azure`"
            )))
        }
    }
}

#[cfg(any(feature = "s3", feature = "gcs", feature = "azure"))]
pub(crate) mod with_client {
    use std::{str::FromStr, sync::Arc, time::Duration};

    use cloakroom_core::Error;
    #[cfg(feature = "s3")]
    use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
    #[cfg(any(feature = "gcs", feature = "s3"))]
    use object_store::client::HttpConnector as _;
    #[cfg(feature = "gcs")]
    use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
    use object_store::{BackoffConfig, ClientOptions, Error as StoreError, RetryConfig};

    use super::{ConnectResult, Lifecycle, Settings, config};
    #[cfg(feature = "gcs")]
    use crate::bucket::lifecycle::google::{self, GoogleRules};
    #[cfg(feature = "s3")]
    use crate::bucket::lifecycle::s3::S3Rules;
    use crate::{client::Connector, environment};

    /// Address of the metadata service in every cloud. It issues credentials for the machine's
    /// role.
    const LINK_LOCAL: &str = "169.254.169.254";

    // Advice for the case that no credentials are found.
    #[cfg(feature = "s3")]
    const NO_AWS: &str = "no AWS credentials found: set AWS_ACCESS_KEY_ID and \
        AWS_SECRET_ACCESS_KEY, or the bucket's settings `access_key_id` and `secret_access_key`";
    #[cfg(feature = "gcs")]
    const NO_GOOGLE: &str = "no Google credentials found: set GOOGLE_APPLICATION_CREDENTIALS, or \
        the bucket's setting `service_account`";
    #[cfg(feature = "azure")]
    const NO_AZURE: &str = "no Azure credentials found: set AZURE_STORAGE_ACCOUNT_KEY, or \
        the bucket's setting `access_key`";

    /// Timeout of a connection attempt.
    const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

    /// Longest pause between two reads of a response.
    const READ_TIMEOUT: Duration = Duration::from_secs(30);

    #[cfg(feature = "s3")]
    pub(super) fn s3(name: &str, settings: &Settings, retry_timeout: Duration) -> ConnectResult {
        environment::warn_of_ignored("AWS_");
        let builder = s3_builder(merge(environment::AWS, settings), settings, retry_timeout)?;
        let connector = s3_connector(name, &builder, NO_AWS);
        // Its own client, since the library's reads no rules.
        let http = connector.connect(&client(settings)).map_err(|_| unusable())?;
        let built = builder.with_bucket_name(name).with_http_connector(connector).build();
        let store = Arc::new(built.map_err(|_| unusable())?);
        let rules = S3Rules::new(store.clone(), http);
        Ok((store, Lifecycle::S3(Arc::new(rules))))
    }

    /// Returns a builder with these settings, credentials of the environment among them.
    #[cfg(feature = "s3")]
    pub(crate) fn s3_builder(
        merged: Vec<(String, String)>,
        settings: &Settings,
        retry_timeout: Duration,
    ) -> Result<AmazonS3Builder, Error> {
        let mut builder = AmazonS3Builder::new()
            .with_client_options(client(settings))
            .with_retry(retry_config(retry_timeout));
        for (key, value) in merged {
            builder = builder.with_config(parse_key(&key)?, value);
        }
        let [id, secret] = [AmazonS3ConfigKey::AccessKeyId, AmazonS3ConfigKey::SecretAccessKey]
            .map(|key| builder.get_config_value(&key).is_some());
        // The library refuses this as well, but its error is dropped below, because it may quote a
        // secret.
        if id != secret {
            return Err(config(
                "only half of the credentials is set: set both `access_key_id` (or AWS_ACCESS_KEY_ID) and \
                 `secret_access_key` (or AWS_SECRET_ACCESS_KEY)"
                    .to_owned(),
            ));
        }
        Ok(builder)
    }

    /// Returns the HTTP clients of a builder, for a bucket or a key service of this name.
    #[cfg(feature = "s3")]
    pub(crate) fn s3_connector(
        name: &str,
        builder: &AmazonS3Builder,
        advice: &'static str,
    ) -> Connector {
        let metadata = builder.get_config_value(&AmazonS3ConfigKey::MetadataEndpoint);
        let metadata = metadata.as_deref().map_or(LINK_LOCAL, host);
        Connector::new(name, vec![metadata.to_owned()], advice)
    }

    #[cfg(feature = "gcs")]
    pub(super) fn gcs(name: &str, settings: &Settings, retry_timeout: Duration) -> ConnectResult {
        environment::warn_of_ignored("GOOGLE_");
        let merged = merge(environment::GOOGLE, settings);
        let builder = gcs_builder(merged, settings, retry_timeout)?;
        let connector = gcs_connector(name, NO_GOOGLE);
        // Its own client, since the library's reads no rules.
        let http = connector.connect(&client(settings)).map_err(|_| unusable())?;
        let address = builder.get_config_value(&GoogleConfigKey::BaseUrl);
        let address =
            address.as_deref().unwrap_or(google::ADDRESS).trim_end_matches('/').to_owned();
        let built = builder.with_bucket_name(name).with_http_connector(connector).build();
        let store =
            Arc::new(built.map_err(|error| other_credentials(&error).unwrap_or_else(unusable))?);
        let rules = GoogleRules::new(store.credentials().clone(), http, address);
        Ok((store, Lifecycle::Google(Arc::new(rules))))
    }

    /// Returns a builder with these settings, credentials of the environment among them.
    #[cfg(feature = "gcs")]
    pub(crate) fn gcs_builder(
        merged: Vec<(String, String)>,
        settings: &Settings,
        retry_timeout: Duration,
    ) -> Result<GoogleCloudStorageBuilder, Error> {
        let mut builder = GoogleCloudStorageBuilder::new()
            .with_client_options(client(settings))
            .with_retry(retry_config(retry_timeout));
        for (key, value) in merged {
            builder = builder.with_config(parse_key(&key)?, value);
        }
        Ok(builder)
    }

    /// Returns the error of a file of credentials that is sound, and of a kind that is not read. Nothing of
    /// the cause is shown: it may quote a secret.
    #[cfg(feature = "gcs")]
    pub(crate) fn other_credentials(error: &StoreError) -> Option<Error> {
        let is_other = error.to_string().contains("unknown variant");
        is_other.then(|| {
            config(
                "the file of Google's credentials is of a kind that is not read, such as `external_account` \
                 (workload identity federation) or `impersonated_service_account`: use the file of a service \
                 account, or the account of the machine or pod"
                    .to_owned(),
            )
        })
    }

    /// Returns the HTTP clients of a bucket or a key service of this name.
    #[cfg(feature = "gcs")]
    pub(crate) fn gcs_connector(name: &str, advice: &'static str) -> Connector {
        let metadata = vec!["metadata.google.internal".to_owned(), LINK_LOCAL.to_owned()];
        Connector::new(name, metadata, advice)
    }

    #[cfg(feature = "azure")]
    pub(super) fn azure(name: &str, settings: &Settings, retry_timeout: Duration) -> ConnectResult {
        let mut builder = object_store::azure::MicrosoftAzureBuilder::new()
            .with_client_options(client(settings))
            .with_retry(retry_config(retry_timeout));
        if let Ok(endpoint) = std::env::var(environment::IDENTITY_ENDPOINT) {
            builder = builder.with_msi_endpoint(endpoint);
        }
        environment::warn_of_ignored("AZURE_");
        for (key, value) in merge(environment::AZURE, settings) {
            builder = builder.with_config(parse_key(&key)?, value);
        }
        let connector = Connector::new(name, vec![LINK_LOCAL.to_owned()], NO_AZURE);
        finish(builder.with_container_name(name).with_http_connector(connector).build())
    }

    /// Returns the credentials of the environment, followed by the settings, which override them.
    pub(crate) fn merge(variables: &[&str], settings: &Settings) -> Vec<(String, String)> {
        let configured = settings.iter().map(|(name, value)| (name.clone(), value.to_string()));
        environment::settings(variables).into_iter().chain(configured).collect()
    }

    /// Returns the host of an address.
    #[cfg(feature = "s3")]
    fn host(address: &str) -> &str {
        let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default()
    }

    fn retry_config(retry_timeout: Duration) -> RetryConfig {
        let backoff = BackoffConfig {
            init_backoff: Duration::from_millis(100),
            // Short, because a workflow task waits. The retry timeout bounds the whole.
            max_backoff: Duration::from_secs(2),
            // The library draws each pause between the first one and `base` times the previous one.
            // With 2 they do not grow: 31 attempts at a refused connection took 9.5 s.
            base: 3.0,
        };
        // Unbounded, because a number would end the attempts before `patience` does.
        RetryConfig { backoff, max_retries: usize::MAX, retry_timeout }
    }

    /// Returns the client's options.
    ///
    /// There is no timeout for a whole request, because the call it belongs to has one: a large
    /// object on a slow network must not fail while it makes progress. Plain HTTP is allowed only
    /// if an endpoint is configured with it.
    fn client(settings: &Settings) -> ClientOptions {
        let is_plain_http =
            |name: &&str| settings.get(*name).is_some_and(|address| address.starts_with("http://"));
        ClientOptions::new()
            .with_timeout_disabled()
            .with_connect_timeout(CONNECT_TIMEOUT)
            .with_read_timeout(READ_TIMEOUT)
            .with_allow_http(["endpoint", "base_url"].iter().any(is_plain_http))
    }

    fn parse_key<K: FromStr<Err = StoreError>>(name: &str) -> Result<K, Error> {
        name.parse().map_err(|_| {
            config(format!(
                "unknown setting `{name}`: the settings are those of the crate `object_store`"
            ))
        })
    }

    /// Returns the store. The cause of a failure may quote a setting, and so a secret, and is
    /// dropped.
    #[cfg(feature = "azure")]
    fn finish(store: Result<impl object_store::ObjectStore, StoreError>) -> ConnectResult {
        match store {
            Ok(store) => Ok((Arc::new(store), Lifecycle::Hidden)),
            Err(_) => Err(unusable()),
        }
    }

    fn unusable() -> Error {
        config("the settings contradict each other, or one of them is malformed".to_owned())
    }
}
