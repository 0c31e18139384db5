//! Lifecycle rules of a bucket, by which its store deletes objects.

#[cfg(feature = "gcs")]
pub(crate) mod google;
#[cfg(feature = "s3")]
pub(crate) mod s3;

#[cfg(any(feature = "gcs", feature = "s3"))]
use std::sync::Arc;

use cloakroom_core::{Error, ErrorKind};

/// Knowledge of a bucket's lifecycle rules.
#[derive(Clone)]
pub(crate) enum Lifecycle {
    /// The store has none.
    None,
    /// They cannot be read here: those of Azure stand in another service, and those of a program's store are
    /// unknown.
    Hidden,
    /// They are asked for, by the JSON API.
    #[cfg(feature = "gcs")]
    Google(Arc<google::GoogleRules>),
    /// They are asked for.
    #[cfg(feature = "s3")]
    S3(Arc<s3::S3Rules>),
}

impl Lifecycle {
    /// Returns the names of the rules that take objects under `prefix` away.
    ///
    /// # Errors
    /// `Failed` if they cannot be read here; those of the store.
    #[cfg_attr(not(any(feature = "gcs", feature = "s3")), expect(unused_variables))]
    pub(crate) async fn covering(&self, bucket: &str, prefix: &str) -> Result<Vec<String>, Error> {
        match self {
            Self::None => Ok(Vec::new()),
            Self::Hidden => {
                let text =
                    format!("bucket `{bucket}`: its lifecycle rules cannot be read from here");
                Err(Error::new(ErrorKind::Failed, text))
            }
            #[cfg(feature = "gcs")]
            Self::Google(rules) => rules.covering(bucket, prefix).await,
            #[cfg(feature = "s3")]
            Self::S3(rules) => rules.covering(bucket, prefix).await,
        }
    }
}
