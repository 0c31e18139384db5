//! Reports: what a plugin imports, what a configuration is made of, and what happened to a payload.

pub use cloakroom_core::{Thousands, clean};
pub use cloakroom_pipeline::{Explanation, Fetch, Layer, StoreProbe, Stored};
pub use cloakroom_plugin::{CONTRACT, Import, Inspection, World};

pub use crate::{
    build_info::BuildInfo,
    check::Check,
    key_check::KeyCheck,
    report::{
        BucketReport, DriverReport, NamespaceReport, NamespaceStorageReport, Report, RingReport,
        StageReport, StoreOutcome, StoreRow, StoreStep,
    },
    ring_use::RingUse,
};
