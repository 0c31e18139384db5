//! Where a bucket is: a URL, and what its store needs to be told besides.

use std::{collections::BTreeMap, fmt, fs, io, path::Path, sync::Arc, time::Duration};

use cloakroom_core::Error;
use object_store::local::LocalFileSystem;
use zeroize::Zeroizing;

use crate::{ObjectBucket, cloud, error::config, setting_names};

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
pub struct BucketUrl {
    url: String,
    /// Some are secrets. The client library has copies that it does not zeroise.
    settings: BTreeMap<String, Zeroizing<String>>,
    patience: Duration,
}

impl BucketUrl {
    /// A place without settings.
    pub fn new(url: impl Into<String>) -> Self {
        Self { url: url.into(), settings: BTreeMap::new(), patience: Duration::from_secs(30) }
    }

    /// One more setting.
    pub fn set(mut self, name: &str, value: impl Into<String>) -> Self {
        self.settings.insert(name.to_owned(), Zeroizing::new(value.into()));
        self
    }

    /// For how long a request that failed for a moment is tried again: a store that restarts, or
    /// asks to slow down.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Returns a setting that its store does not take, and the names of those that it takes.
    pub fn unknown_setting(&self) -> Option<(&str, Vec<&'static str>)> {
        let scheme = self.url.split(':').next().unwrap_or_default();
        let unknown = self.settings.keys().find(|name| !setting_names::takes(scheme, name))?;
        Some((unknown, setting_names::names(scheme)))
    }

    /// Returns whether a setting of a store is a secret, such as `secret_access_key`, or an address
    /// with a password in it. A file that others read must not hold one.
    pub fn is_secret(name: &str, value: &str) -> bool {
        setting_names::is_secret(name) || setting_names::holds_password(value)
    }

    /// Returns a setting that must not be, and why: without checking certificates, whoever stands
    /// between could read and replace all objects.
    pub fn refused_setting(&self) -> Option<(&str, &'static str)> {
        let is_refused = |name: &str, value: &str| {
            name.ends_with("allow_invalid_certificates")
                && !matches!(
                    value.to_ascii_lowercase().as_str(),
                    "false" | "0" | "no" | "off" | "n"
                )
        };
        let (name, _) = self.settings.iter().find(|(name, value)| is_refused(name, value))?;
        Some((
            name,
            "lets whoever stands between read and replace all objects, and is not taken: have this \
             system trust the store's authority (SSL_CERT_FILE=authority.pem)",
        ))
    }

    /// Connects to it. Nothing is sent before the first object.
    ///
    /// # Errors
    /// `Config` if it is no place that a bucket can be.
    pub fn open(&self) -> Result<ObjectBucket, Error> {
        let (scheme, rest) = self.url.split_once(':').unwrap_or(("", &self.url));
        let name = rest.strip_prefix("//").unwrap_or(rest).trim_end_matches('/');
        if let Some((setting, why)) = self.refused_setting() {
            return Err(config(format!("setting `{setting}` {why}")));
        }
        match scheme {
            "memory" | "file" if !self.settings.is_empty() => {
                Err(config("has no settings".to_owned()))
            }
            "memory" => Ok(ObjectBucket::memory(name)),
            "file" => folder(name),
            "s3" | "gs" | "az" if name.is_empty() || name.contains('/') => Err(config(format!(
                "write `{scheme}://BUCKET` and nothing after: `prefix` says which keys are used"
            ))),
            "s3" | "gs" | "az" => {
                let store = cloud::connect(scheme, name, &self.settings, self.patience)?;
                Ok(ObjectBucket::new(name, store))
            }
            _ => Err(config(
                "is no place for a bucket: write `memory:NAME`, `file:FOLDER`, `s3://BUCKET`, \
                 `gs://BUCKET` or `az://CONTAINER`"
                    .to_owned(),
            )),
        }
    }
}

/// Creates a folder for this user alone: what lies in it are payloads.
#[cfg(unix)]
fn create(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(not(unix))]
fn create(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

/// Refuses a folder that everybody can write to: links would be followed wherever they lead. Warns of
/// one that others can read. Files in it have the mode that the process's umask gives.
#[cfg(unix)]
fn check_mode(path: &str) -> Result<(), Error> {
    use std::os::unix::fs::MetadataExt as _;
    let Ok(found) = fs::metadata(path) else {
        return Ok(());
    };
    if found.mode() & 0o002 != 0 {
        let text = format!("folder `{path}` can be written to by everybody: `chmod o-w` it");
        return Err(config(text));
    }
    if found.mode() & 0o055 != 0 {
        tracing::warn!(folder = path, "others can read the objects in this folder: `chmod 700` it");
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_mode(_: &str) -> Result<(), Error> {
    Ok(())
}

/// Written through to the disk before it is said to be stored: a claim outlives a power cut.
fn folder(path: &str) -> Result<ObjectBucket, Error> {
    let unusable = |error: Box<dyn std::error::Error + Send + Sync>| {
        config(format!("folder `{path}` cannot be used")).with_source(error)
    };
    create(Path::new(path)).map_err(|error| unusable(error.into()))?;
    check_mode(path)?;
    let store = LocalFileSystem::new_with_prefix(path).map_err(|error| unusable(error.into()))?;
    Ok(ObjectBucket::new(path, Arc::new(store.with_fsync(true))).unordered())
}

impl fmt::Debug for BucketUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BucketUrl")
            .field("url", &self.url)
            .field("settings", &self.settings.keys())
            .finish_non_exhaustive()
    }
}
