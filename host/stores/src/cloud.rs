//! Buckets behind a network: S3, Google Cloud Storage, Azure, each behind a feature of this crate.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use cloakroom_core::Error;
use object_store::ObjectStore;
use zeroize::Zeroizing;

use crate::error::config;

type Settings = BTreeMap<String, Zeroizing<String>>;
type Connected = Result<Arc<dyn ObjectStore>, Error>;

/// Connects to a bucket. `scheme` is that of its URL.
pub(crate) fn connect(
    scheme: &str,
    name: &str,
    settings: &Settings,
    patience: Duration,
) -> Connected {
    match scheme {
        #[cfg(feature = "s3")]
        "s3" => with_client::s3(name, settings, patience),
        #[cfg(feature = "gcs")]
        "gs" => with_client::gcs(name, settings, patience),
        #[cfg(feature = "azure")]
        "az" => with_client::azure(name, settings, patience),
        other => {
            let _ = (name, settings, patience);
            Err(config(format!(
                "this build was made without `{other}:`; there are features `s3`, `gcs`, `azure`"
            )))
        }
    }
}

#[cfg(any(feature = "s3", feature = "gcs", feature = "azure"))]
mod with_client {
    use std::{str::FromStr, sync::Arc, time::Duration};

    use cloakroom_core::Error;
    #[cfg(feature = "s3")]
    use object_store::aws::AmazonS3ConfigKey;
    use object_store::{
        BackoffConfig, ClientOptions, Error as StoreError, ObjectStore, RetryConfig,
    };

    use super::{Connected, Settings, config};
    use crate::{client::Connector, environment};

    /// Where a machine in a cloud finds what is said about it, and its credentials.
    const LINK_LOCAL: &str = "169.254.169.254";

    /// Said where a machine has none.
    #[cfg(feature = "s3")]
    const NO_AWS: &str = "no AWS credentials found: set AWS_ACCESS_KEY_ID and \
        AWS_SECRET_ACCESS_KEY, or `access_key_id` and `secret_access_key` in [buckets]";
    #[cfg(feature = "gcs")]
    const NO_GOOGLE: &str = "no Google credentials found: set GOOGLE_APPLICATION_CREDENTIALS, or \
        `service_account` in [buckets]";
    #[cfg(feature = "azure")]
    const NO_AZURE: &str = "no Azure credentials found: set AZURE_STORAGE_ACCOUNT_KEY, or \
        `access_key` in [buckets]";

    /// A store that does not take a connection in this time is down.
    const CONNECT: Duration = Duration::from_secs(5);

    /// A store that sends nothing for so long has hung up.
    const SILENCE: Duration = Duration::from_secs(30);

    #[cfg(feature = "s3")]
    pub(super) fn s3(name: &str, settings: &Settings, patience: Duration) -> Connected {
        let mut builder = object_store::aws::AmazonS3Builder::new()
            .with_client_options(client(settings))
            .with_retry(retry(patience));
        environment::warn_of_ignored("AWS_");
        for (key, value) in told(environment::AWS, settings) {
            builder = builder.with_config(known(&key)?, value);
        }
        let [id, secret] = [AmazonS3ConfigKey::AccessKeyId, AmazonS3ConfigKey::SecretAccessKey]
            .map(|key| builder.get_config_value(&key).is_some());
        if id != secret {
            return Err(config(
                "has one half of its credentials: `access_key_id` (or AWS_ACCESS_KEY_ID) and \
                 `secret_access_key` (or AWS_SECRET_ACCESS_KEY) belong together"
                    .to_owned(),
            ));
        }
        let metadata = builder.get_config_value(&AmazonS3ConfigKey::MetadataEndpoint);
        let metadata = metadata.as_deref().map_or(LINK_LOCAL, host);
        let connector = Connector::new(name, vec![metadata.to_owned()], NO_AWS);
        built(builder.with_bucket_name(name).with_http_connector(connector).build())
    }

    #[cfg(feature = "gcs")]
    pub(super) fn gcs(name: &str, settings: &Settings, patience: Duration) -> Connected {
        let mut builder = object_store::gcp::GoogleCloudStorageBuilder::new()
            .with_client_options(client(settings))
            .with_retry(retry(patience));
        environment::warn_of_ignored("GOOGLE_");
        for (key, value) in told(environment::GOOGLE, settings) {
            builder = builder.with_config(known(&key)?, value);
        }
        let metadata = vec!["metadata.google.internal".to_owned(), LINK_LOCAL.to_owned()];
        let connector = Connector::new(name, metadata, NO_GOOGLE);
        built(builder.with_bucket_name(name).with_http_connector(connector).build())
    }

    #[cfg(feature = "azure")]
    pub(super) fn azure(name: &str, settings: &Settings, patience: Duration) -> Connected {
        let mut builder = object_store::azure::MicrosoftAzureBuilder::new()
            .with_client_options(client(settings))
            .with_retry(retry(patience));
        if let Ok(endpoint) = std::env::var(environment::IDENTITY_ENDPOINT) {
            builder = builder.with_msi_endpoint(endpoint);
        }
        environment::warn_of_ignored("AZURE_");
        for (key, value) in told(environment::AZURE, settings) {
            builder = builder.with_config(known(&key)?, value);
        }
        let connector = Connector::new(name, vec![LINK_LOCAL.to_owned()], NO_AZURE);
        built(builder.with_container_name(name).with_http_connector(connector).build())
    }

    /// Returns the credentials of the environment, and then the settings, which replace them.
    fn told(variables: &[&str], settings: &Settings) -> Vec<(String, String)> {
        let written = settings.iter().map(|(name, value)| (name.clone(), value.to_string()));
        environment::settings(variables).into_iter().chain(written).collect()
    }

    /// The host in an address.
    #[cfg(feature = "s3")]
    fn host(address: &str) -> &str {
        let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default()
    }

    fn retry(patience: Duration) -> RetryConfig {
        let backoff = BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(2),
            base: 2.0,
        };
        RetryConfig { backoff, max_retries: 30, retry_timeout: patience }
    }

    /// The whole of a request is bounded by the call that it is for. Plain HTTP is used where an
    /// address was written that says so.
    fn client(settings: &Settings) -> ClientOptions {
        let plain =
            |name: &&str| settings.get(*name).is_some_and(|address| address.starts_with("http://"));
        ClientOptions::new()
            .with_timeout_disabled()
            .with_connect_timeout(CONNECT)
            .with_read_timeout(SILENCE)
            .with_allow_http(["endpoint", "base_url"].iter().any(plain))
    }

    fn known<K: FromStr<Err = StoreError>>(name: &str) -> Result<K, Error> {
        name.parse().map_err(|_| {
            config(format!(
                "unknown setting `{name}`: settings are those of the crate `object_store`"
            ))
        })
    }

    /// The cause may quote a setting, and so a secret: it is left out.
    fn built(store: Result<impl ObjectStore, StoreError>) -> Connected {
        match store {
            Ok(store) => Ok(Arc::new(store)),
            Err(_) => Err(config(
                "its settings do not fit together, or one is not of the form it should be"
                    .to_owned(),
            )),
        }
    }
}
