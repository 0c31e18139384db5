//! Where a bucket is: a URL, and what its store needs to be told besides.

use std::{collections::BTreeMap, fs, sync::Arc, time::Duration};

use cloakroom_core::{Error, ErrorKind};
use object_store::{
    BackoffConfig, ClientOptions, Error as StoreError, ObjectStore, RetryConfig,
    local::LocalFileSystem,
};

use crate::ObjectBucket;

/// A store that does not take a connection in this time is down.
const CONNECT: Duration = Duration::from_secs(5);

/// A store that sends nothing for so long has hung up.
const SILENCE: Duration = Duration::from_secs(30);

/// Where a bucket is.
///
/// | URL | store | credentials, unless set |
/// |---|---|---|
/// | `memory:NAME` | this process's memory | – |
/// | `file:FOLDER` | a local folder | – |
/// | `s3://BUCKET` | S3 and what is compatible | `AWS_*`, or the machine's role |
/// | `gs://BUCKET` | Google Cloud Storage | `GOOGLE_*`, or the machine's account |
/// | `az://CONTAINER` | Azure Blob Storage | `AZURE_*`, or the machine's identity |
///
/// Settings are those of the crate `object_store`, such as `region`, `endpoint`, `access_key_id`.
#[derive(Clone, PartialEq, Eq)]
pub struct BucketPlace {
    url: String,
    settings: BTreeMap<String, String>,
    patience: Duration,
}

impl BucketPlace {
    /// A place without settings.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), settings: BTreeMap::new(), patience: Duration::from_secs(30) }
    }

    /// One more setting.
    pub fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.settings.insert(name.to_owned(), value.into());
        self
    }

    /// For how long a request that failed for a moment is tried again: a store that restarts, or
    /// asks to slow down.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Connects to it. Nothing is sent before the first object.
    ///
    /// # Errors
    /// `Config` if it is no place that a bucket can be.
    pub fn open(&self) -> Result<ObjectBucket, Error> {
        let (scheme, rest) = self.url.split_once(':').unwrap_or(("", &self.url));
        let name = rest.strip_prefix("//").unwrap_or(rest).trim_end_matches('/');
        match scheme {
            "memory" if self.settings.is_empty() => Ok(ObjectBucket::memory(name)),
            "file" if self.settings.is_empty() => folder(name),
            "memory" | "file" => Err(config("has no settings".to_owned())),
            "s3" | "gs" | "az" if name.is_empty() || name.contains('/') => Err(config(format!(
                "write `{scheme}://BUCKET` and nothing after: `prefix` says which keys are used"
            ))),
            "s3" => Ok(ObjectBucket::new(name, self.s3(name)?)),
            "gs" => Ok(ObjectBucket::new(name, self.gcs(name)?)),
            "az" => Ok(ObjectBucket::new(name, self.azure(name)?)),
            _ => Err(config(
                "is no place for a bucket: write `memory:NAME`, `file:FOLDER`, `s3://BUCKET`, \
                 `gs://BUCKET` or `az://CONTAINER`"
                    .to_owned(),
            )),
        }
    }

    fn retry(&self) -> RetryConfig {
        let backoff = BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(2),
            base: 2.0,
        };
        RetryConfig { backoff, max_retries: 30, retry_timeout: self.patience }
    }

    /// The whole of a request is bounded by the call that it is for. Plain HTTP is used where an
    /// address was written that says so.
    fn client(&self) -> ClientOptions {
        let plain = |name: &&str| {
            self.settings.get(*name).is_some_and(|address| address.starts_with("http://"))
        };
        ClientOptions::new()
            .with_timeout_disabled()
            .with_connect_timeout(CONNECT)
            .with_read_timeout(SILENCE)
            .with_allow_http(["endpoint", "base_url"].iter().any(plain))
    }

    #[cfg(feature = "s3")]
    fn s3(&self, name: &str) -> Result<Arc<dyn ObjectStore>, Error> {
        use object_store::aws::AmazonS3Builder;
        let mut builder =
            AmazonS3Builder::from_env().with_client_options(self.client()).with_retry(self.retry());
        for (key, value) in &self.settings {
            builder = builder.with_config(known(key)?, value);
        }
        built(builder.with_bucket_name(name).build())
    }

    #[cfg(feature = "gcs")]
    fn gcs(&self, name: &str) -> Result<Arc<dyn ObjectStore>, Error> {
        use object_store::gcp::GoogleCloudStorageBuilder;
        let mut builder = GoogleCloudStorageBuilder::from_env()
            .with_client_options(self.client())
            .with_retry(self.retry());
        for (key, value) in &self.settings {
            builder = builder.with_config(known(key)?, value);
        }
        built(builder.with_bucket_name(name).build())
    }

    #[cfg(feature = "azure")]
    fn azure(&self, name: &str) -> Result<Arc<dyn ObjectStore>, Error> {
        use object_store::azure::MicrosoftAzureBuilder;
        let mut builder = MicrosoftAzureBuilder::from_env()
            .with_client_options(self.client())
            .with_retry(self.retry());
        for (key, value) in &self.settings {
            builder = builder.with_config(known(key)?, value);
        }
        built(builder.with_container_name(name).build())
    }
}

/// Written through to the disk before it is said to be stored: a claim outlives a power cut.
fn folder(path: &str) -> Result<ObjectBucket, Error> {
    let unusable = |error: Box<dyn std::error::Error + Send + Sync>| {
        config(format!("folder `{path}` cannot be used")).because(error)
    };
    fs::create_dir_all(path).map_err(|error| unusable(error.into()))?;
    let store = LocalFileSystem::new_with_prefix(path).map_err(|error| unusable(error.into()))?;
    Ok(ObjectBucket::new(path, Arc::new(store.with_fsync(true))).unordered())
}

fn known<K: std::str::FromStr<Err = StoreError>>(name: &str) -> Result<K, Error> {
    name.parse().map_err(|_| {
        config(format!("unknown setting `{name}`: settings are those of the crate `object_store`"))
    })
}

/// The cause may quote a setting, and so a secret: it is left out.
fn built(store: Result<impl ObjectStore, StoreError>) -> Result<Arc<dyn ObjectStore>, Error> {
    match store {
        Ok(store) => Ok(Arc::new(store)),
        Err(_) => Err(config(
            "its settings do not fit together, or one is not of the form it should be".to_owned(),
        )),
    }
}

fn config(text: String) -> Error {
    Error::new(ErrorKind::Config, text)
}

impl std::fmt::Debug for BucketPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("BucketPlace")
            .field("url", &self.url)
            .field("settings", &self.settings.keys())
            .finish_non_exhaustive()
    }
}
