//! Where objects go in these benchmarks: a folder, and a server that speaks S3.

use std::sync::Arc;

use cloakroom::{
    ByteSize, Pipeline,
    plugin::{Grants, Host, Limits, Reuse, Settings},
    storage::{Bucket, BucketAccess, BucketUrl, Offload},
};
use object_store::{ObjectStore, aws::AmazonS3Builder, local::LocalFileSystem};

use cloakroom_tests::rigs::{self, BUCKET, RCLONE_KEY, RCLONE_SECRET};

pub(crate) struct Place {
    pub(crate) name: &'static str,
    driver: &'static str,
    url: String,
    pub(crate) endpoint: Option<String>,
    /// Gone with this.
    _folder: Option<tempfile::TempDir>,
}

impl Place {
    pub(crate) fn folder() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("file:{}", folder.path().display());
        Self { name: "folder", driver: "file", url, endpoint: None, _folder: Some(folder) }
    }

    pub(crate) fn s3() -> Self {
        Self::server(rigs::rclone().url())
    }

    fn server(endpoint: String) -> Self {
        let url = format!("s3://{BUCKET}");
        Self { name: "S3 (rclone)", driver: "s3", url, endpoint: Some(endpoint), _folder: None }
    }

    /// As one process tells it to another.
    pub(crate) fn word(&self) -> String {
        self.endpoint.clone().unwrap_or_else(|| self.url.clone())
    }

    pub(crate) fn of_word(word: &str) -> Self {
        match word.starts_with("http") {
            true => Self::server(word.to_owned()),
            false => Self {
                name: "",
                driver: "file",
                url: word.to_owned(),
                endpoint: None,
                _folder: None,
            },
        }
    }

    /// Through the sandbox.
    pub(crate) async fn pipeline(&self) -> Pipeline {
        let mut place = BucketUrl::new(&self.url);
        if let Some(endpoint) = &self.endpoint {
            place = place.with_setting("endpoint", endpoint).with_setting("region", "us-east-1");
            place = place
                .with_setting("access_key_id", RCLONE_KEY)
                .with_setting("secret_access_key", RCLONE_SECRET);
        }
        let bucket: Arc<dyn Bucket> = Arc::new(place.open().expect("opens"));
        let host = Host::builder().with_limits(Limits::default()).build().expect("a host");
        let grants = Grants::none().with_bucket("b", bucket, BucketAccess::whole());
        let source = cloakroom::plugin::bundled(self.driver).expect("bundled");
        let plugin = host.load(source, grants).await.expect("loads");
        let driver =
            plugin.driver(Settings::none().with_setting("bucket", "b"), Reuse::Fresh).await;
        let offload = Offload::new(ByteSize::bytes(0)).with_driver("d", driver.expect("a driver"));
        let offload = offload.with_memory_cache(ByteSize::bytes(0));
        cloakroom_tests::pipeline().with_offload(offload).build().expect("a pipeline")
    }

    /// As `object_store` does it.
    pub(crate) fn store(&self) -> Arc<dyn ObjectStore> {
        match &self.endpoint {
            None => {
                let folder = self.url.trim_start_matches("file:");
                let store = LocalFileSystem::new_with_prefix(folder).expect("a store");
                Arc::new(store.with_fsync(true))
            }
            Some(endpoint) => Arc::new(
                AmazonS3Builder::new()
                    .with_endpoint(endpoint)
                    .with_allow_http(true)
                    .with_region("us-east-1")
                    .with_bucket_name(BUCKET)
                    .with_access_key_id(RCLONE_KEY)
                    .with_secret_access_key(RCLONE_SECRET)
                    .build()
                    .expect("a store"),
            ),
        }
    }
}
