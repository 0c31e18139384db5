//! URL of a bucket, with the settings of its store.

use std::{collections::BTreeMap, fmt, fs, io, path::Path, sync::Arc, time::Duration};

use cloakroom_core::{Error, Remedy};
use object_store::local::LocalFileSystem;
use zeroize::Zeroizing;

use crate::{ObjectBucket, bucket::lifecycle::Lifecycle, cloud, error::config, setting_names};

/// URL of a bucket, with the settings of its store.
///
/// | URL | store | default credentials |
/// |---|---|---|
/// | `memory:NAME` | memory of this process | – |
/// | `file:FOLDER` | local folder | – |
/// | `s3://BUCKET` | S3 and compatible stores | `AWS_*`, or the machine's role |
/// | `gs://BUCKET` | Google Cloud Storage | `GOOGLE_*`, or the machine's account |
/// | `az://CONTAINER` | Azure Blob Storage | `AZURE_*`, or the machine's identity |
///
/// Settings are those of the crate `object_store`, such as `region`, `endpoint`, `access_key_id`.
#[derive(Clone, PartialEq, Eq)]
#[must_use]
pub struct BucketUrl {
    url: String,
    /// Some are secrets. The copies in the client library are not zeroised.
    settings: BTreeMap<String, Zeroizing<String>>,
    retry_timeout: Duration,
}

impl BucketUrl {
    /// Creates a URL without settings.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), settings: BTreeMap::new(), retry_timeout: Duration::from_secs(30) }
    }

    /// Adds a setting. Default: the store's own, with credentials from the environment.
    pub fn with_setting(mut self, name: &str, value: impl Into<String>) -> Self {
        self.settings.insert(name.to_owned(), Zeroizing::new(value.into()));
        self
    }

    /// Sets the time for which a transient failure is retried, such as that of a store that
    /// restarts or asks to slow down. Default: 30 s.
    pub fn with_retry_timeout(mut self, timeout: Duration) -> Self {
        self.retry_timeout = timeout;
        self
    }

    /// Returns the first setting that the store does not accept, and the names that it accepts.
    #[must_use]
    pub fn unknown_setting(&self) -> Option<(&str, Vec<&'static str>)> {
        let scheme = self.url.split(':').next().unwrap_or_default();
        let unknown = self.settings.keys().find(|name| !setting_names::accepts(scheme, name))?;
        Some((unknown, setting_names::names(scheme)))
    }

    /// Returns whether a setting is a secret: by its name, such as `secret_access_key`, or because
    /// its value is an address with a password in it.
    #[must_use]
    pub fn is_secret_setting(name: &str, value: &str) -> bool {
        setting_names::is_secret(name) || setting_names::holds_password(value)
    }

    /// Returns the first setting that is refused as unsafe, and the reason.
    ///
    /// Only one is: without certificate checks, anybody on the network path could read and replace
    /// all objects.
    #[must_use]
    pub fn refused_setting(&self) -> Option<(&str, &'static str)> {
        let is_refused = |name: &str, value: &str| {
            name.ends_with("allow_invalid_certificates")
                // Every word that the library does not read as false counts as set.
                && !matches!(
                    value.to_ascii_lowercase().as_str(),
                    "false" | "0" | "no" | "off" | "n"
                )
        };
        let (name, _) = self.settings.iter().find(|(name, value)| is_refused(name, value))?;
        Some((
            name,
            "lets anybody on the network path read and replace all objects, and is refused: trust the \
             store's authority instead (SSL_CERT_FILE=authority.pem)",
        ))
    }

    /// Opens the bucket. Nothing is sent before the first object.
    ///
    /// # Errors
    /// `Config` if the URL or a setting is invalid, or this build does not support the store.
    pub fn open(&self) -> Result<ObjectBucket, Error> {
        let (scheme, rest) = self.url.split_once(':').unwrap_or(("", &self.url));
        let name = rest.strip_prefix("//").unwrap_or(rest).trim_end_matches('/');
        if let Some((setting, why)) = self.refused_setting() {
            return Err(config(format!("setting `{setting}` {why}")));
        }
        match scheme {
            "memory" | "file" if !self.settings.is_empty() => {
                Err(config(format!("a `{scheme}:` bucket takes no settings: remove them")))
            }
            "memory" => Ok(ObjectBucket::memory(name)),
            "file" => open_folder(name),
            "s3" | "gs" | "az" if name.is_empty() || name.contains('/') => {
                let text = format!(
                    "the URL names no bucket or has a path: write `{scheme}://BUCKET`, and limit the \
                     keys by the access that is granted"
                );
                Err(config(text).with_remedies(&[Remedy::BucketPrefix]))
            }
            "s3" | "gs" | "az" => {
                let (store, lifecycle) =
                    cloud::connect(scheme, name, &self.settings, self.retry_timeout)?;
                Ok(ObjectBucket::new(name, store).with_lifecycle(lifecycle))
            }
            _ => Err(config(
                "unknown kind of bucket: write `memory:NAME`, `file:FOLDER`, `s3://BUCKET`, \
                 `gs://BUCKET` or `az://CONTAINER`"
                    .to_owned(),
            )),
        }
    }
}

/// Creates a folder that only this user can enter, because it will hold payloads.
#[cfg(unix)]
fn create(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn create(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

/// Refuses a folder that everybody can write to, and warns about one that others can read.
///
/// In a writable folder another user could plant a symbolic link and have payloads written wherever
/// it leads. Files in the folder get the mode of the process's umask.
#[cfg(unix)]
fn check_mode(path: &str) -> Result<(), Error> {
    use std::os::unix::fs::MetadataExt as _;
    let Ok(found) = fs::metadata(path) else {
        return Ok(());
    };
    if found.mode() & 0o002 != 0 {
        let text = format!("everybody can write to folder `{path}`: run `chmod o-w` on it");
        return Err(config(text));
    }
    if found.mode() & 0o055 != 0 {
        tracing::warn!(
            folder = path,
            "others can read the objects in this folder: run `chmod 700` on it"
        );
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_mode(_: &str) -> Result<(), Error> {
    Ok(())
}

/// Opens a folder. Objects are flushed to disk before a put completes, so that a claim survives a
/// power failure.
fn open_folder(path: &str) -> Result<ObjectBucket, Error> {
    let unusable = |error: Box<dyn std::error::Error + Send + Sync>| {
        config(format!("cannot use folder `{path}`")).with_source(error)
    };
    create(Path::new(path)).map_err(|error| unusable(error.into()))?;
    // After creating it, because that leaves the mode of an existing folder as it was.
    check_mode(path)?;
    let store = LocalFileSystem::new_with_prefix(path).map_err(|error| unusable(error.into()))?;
    let bucket = ObjectBucket::new(path, Arc::new(store.with_fsync(true)));
    Ok(bucket.unordered().with_lifecycle(Lifecycle::None))
}

impl fmt::Debug for BucketUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BucketUrl")
            .field("url", &self.url)
            .field("settings", &self.settings.keys())
            .finish_non_exhaustive()
    }
}
