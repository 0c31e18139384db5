//! Versions, and the features that this crate was built with.

use cloakroom_pipeline::metric;
use metrics::gauge;

/// Versions and features of this build.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BuildInfo {
    /// The version of Cloakroom.
    pub version: &'static str,
    /// The version of wasmtime.
    pub wasmtime: &'static str,
    /// The features of this crate that are on, in alphabetical order.
    pub features: Vec<&'static str>,
}

impl BuildInfo {
    /// Returns the versions and features of this program.
    #[must_use]
    pub fn current() -> Self {
        let features = [
            ("azure", cfg!(feature = "azure")),
            ("bundled", cfg!(feature = "bundled")),
            ("codec-server", cfg!(feature = "codec-server")),
            ("compiler", cfg!(feature = "compiler")),
            ("gcs", cfg!(feature = "gcs")),
            ("s3", cfg!(feature = "s3")),
            ("temporal", cfg!(feature = "temporal")),
            ("temporal-sdk", cfg!(feature = "temporal-sdk")),
        ];
        Self {
            version: env!("CARGO_PKG_VERSION"),
            wasmtime: cloakroom_plugin::WASMTIME,
            features: features
                .into_iter()
                .filter_map(|(name, is_on)| is_on.then_some(name))
                .collect(),
        }
    }

    /// Records the build as [`metric::BUILD_INFO`].
    pub(crate) fn record(&self) {
        let labels = [
            ("version", self.version.to_owned()),
            ("wasmtime", self.wasmtime.to_owned()),
            ("features", self.features.join(",")),
        ];
        gauge!(metric::BUILD_INFO, &labels).set(1.0);
    }
}
