//! Parts of a configuration, for reports and checks.

use std::{fmt, sync::Arc, time::Duration};

use cloakroom_core::Driver;
use cloakroom_pipeline::{Pipeline, Stage};

use crate::{
    config::{
        BucketEntry, Buckets, DriverEntry, File, Locator, NamespaceEntry, RingEntry, StageEntry,
    },
    probe,
    report::{BucketReport, DriverReport, NamespaceReport, Report, RingReport, StageReport},
    ring_use::{has_dapr, ring_uses},
    warnings,
};

/// Drivers by their names, in the order of the file.
pub(crate) type Drivers = Vec<(String, Arc<dyn Driver>)>;

/// Parts of a configuration.
pub(crate) struct Inventory {
    pub(crate) report: Report,
    pub(crate) drivers: Drivers,
    pub(crate) buckets: Buckets,
    /// Time limit of a driver for one object.
    pub(crate) time: Duration,
}

impl fmt::Debug for Inventory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inventory").field("report", &self.report).finish_non_exhaustive()
    }
}

impl Inventory {
    /// Lists what a file names and what was loaded from it.
    pub(crate) fn new(
        file: &File,
        locator: &Locator,
        pipeline: &Pipeline,
        drivers: Drivers,
        buckets: Buckets,
    ) -> Self {
        let report = Report {
            stages: stages(file, pipeline.stages()),
            drivers: driver_reports(file, &drivers),
            buckets: bucket_reports(file),
            rings: rings(file),
            ring_uses: ring_uses(file),
            has_dapr: has_dapr(file),
            namespaces: namespaces(file),
            probes: if file.stage.is_empty() { Vec::new() } else { probe::NAMES.to_vec() },
            warnings: warnings::warnings(file, locator),
        };
        let time = file.plugin_limits().driver_time;
        Self { report, drivers, buckets, time }
    }

    /// Logs the warnings.
    pub(crate) fn warn(&self) {
        for warning in &self.report.warnings {
            tracing::warn!("{warning}");
        }
    }
}

fn stages(file: &File, stages: &[Stage]) -> Vec<StageReport> {
    let report = |(stage, entry): (&Stage, &StageEntry)| StageReport {
        name: stage.name().to_owned(),
        plugin: entry.plugin.clone(),
        purpose: stage.purpose(),
        encodings: stage.encodings().to_vec(),
        required: entry.required.as_str(),
    };
    // The pipeline was built from this list, so both have the same order and number.
    stages.iter().zip(&file.stage).map(report).collect()
}

fn driver_reports(file: &File, drivers: &Drivers) -> Vec<DriverReport> {
    let Some(storage) = &file.storage else {
        return Vec::new();
    };
    let report = |((name, driver), entry): (&(String, Arc<dyn Driver>), _)| {
        let entry: &DriverEntry = entry;
        DriverReport {
            name: name.clone(),
            plugin: entry.plugin.clone(),
            kind: driver.kind().to_owned(),
            stores: file.stores_with(name),
            buckets: entry.grants.buckets.clone(),
        }
    };
    drivers.iter().zip(&storage.driver).map(report).collect()
}

fn bucket_reports(file: &File) -> Vec<BucketReport> {
    let report = |(name, entry): (&String, &BucketEntry)| BucketReport {
        name: name.clone(),
        url: entry.url.clone(),
        prefix: entry.prefix.clone(),
        read_only: !entry.is_writable(),
    };
    file.buckets.iter().map(report).collect()
}

fn rings(file: &File) -> Vec<RingReport> {
    let report = |(name, entry): (&String, &RingEntry)| RingReport {
        name: name.clone(),
        current: entry.current.clone().or_else(|| entry.service.clone()).unwrap_or_default(),
        keys: entry.material.keys().chain(&entry.retired).cloned().collect(),
        retired: entry.retired.clone(),
        bucket: entry.bucket.clone(),
        stores_wrapped: entry.stores_wrapped(),
    };
    file.keys.iter().map(report).collect()
}

fn namespaces(file: &File) -> Vec<NamespaceReport> {
    let report = |(name, entry): (&String, &NamespaceEntry)| NamespaceReport {
        name: name.clone(),
        mode: entry.mode.as_str(),
        ring: entry.ring.clone(),
        old_rings: entry.old_rings.clone(),
        storage: entry.storage.report(),
        shares: entry.shares.iter().cloned().collect(),
        plain_rules: entry.plain.len(),
    };
    file.namespace.iter().map(report).collect()
}
