//! Checks a configuration without serving it.

use std::{sync::Arc, time::Instant};

use cloakroom_core::Error;

use crate::{
    builder::CloakroomBuilder,
    config::OpenBuckets,
    config_file::ConfigFile,
    inventory::Inventory,
    loaded_config::LoadedConfig,
    report::{Report, StoreRow},
    store_check,
};

/// A configuration that was loaded and checked, and serves nothing.
///
/// ```no_run
/// # async fn f() -> Result<(), cloakroom::Error> {
/// use cloakroom::inspect::StoreRow;
///
/// let check = cloakroom::CloakroomBuilder::file("cloakroom.toml").check().await?;
/// assert!(check.report().warnings.is_empty());
/// assert!(!check.stores().await.iter().any(StoreRow::is_failure));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "a check is for its report"]
pub struct Check {
    inventory: Inventory,
}

impl CloakroomBuilder {
    /// Loads the configuration and checks all that opening checks. No store is asked for anything.
    ///
    /// Dropping the future ends the check and frees what it took.
    ///
    /// # Errors
    /// As [`Cloakroom::open`](crate::Cloakroom::open).
    pub async fn check(self) -> Result<Check, Error> {
        let (began, buckets) = (Instant::now(), Arc::<OpenBuckets>::default());
        let config = ConfigFile::read(&self.source, self.read_limit()).await?;
        // Boxed: the future of a load is large, and would be part of every future that awaits a
        // check.
        let loaded = Box::pin(LoadedConfig::load(&self, config, began, &buckets, None)).await?;
        #[cfg(feature = "codec-server")]
        let server = crate::codec_server_settings::warning(loaded.codec_server).await;
        #[cfg(not(feature = "codec-server"))]
        let server = None;
        #[cfg(feature = "gateway")]
        let gateways = crate::gateway::warnings(loaded.gateway).await;
        #[cfg(not(feature = "gateway"))]
        let gateways = Vec::new();
        let mut inventory = loaded.inventory;
        inventory.report.warnings.extend(server.into_iter().chain(gateways));
        Ok(Check { inventory })
    }
}

impl Check {
    /// Returns the parts of the configuration, and warnings about it.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.inventory.report
    }

    /// Tries every store. Each driver that is granted a bucket to write to, or none at all, stores a
    /// probe object, which is read back by its claim, compared, and removed where the grant allows;
    /// buckets that may only be read are listed.
    ///
    /// The probe belongs to the reserved namespace `cloakroom-probe`, unless a bucket grants the keys
    /// of another namespace alone. Dropping the future may leave the probe object in its bucket.
    pub async fn stores(&self) -> Vec<StoreRow> {
        store_check::check_stores(&self.inventory).await
    }
}
