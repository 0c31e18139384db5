//! Checks a configuration without serving it.

use std::{sync::Arc, time::Instant};

use cloakroom_core::Error;

use crate::{
    CloakroomBuilder,
    config::OpenBuckets,
    generation::Generation,
    inventory::Inventory,
    reading::Reading,
    report::{Report, StoreRow},
    store_check,
};

/// A configuration that opened, checked.
///
/// ```no_run
/// # async fn f() -> Result<(), cloakroom::Error> {
/// let check = cloakroom::CloakroomBuilder::file("cloakroom.toml").check().await?;
/// assert!(check.report().warnings.is_empty());
/// assert!(!check.stores().await.iter().any(cloakroom::inspect::StoreRow::is_failure));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Check {
    inventory: Inventory,
}

impl CloakroomBuilder {
    /// Checks all that opening checks. No store is asked for anything.
    ///
    /// # Errors
    /// As [`crate::Cloakroom::open`].
    pub async fn check(self) -> Result<Check, Error> {
        let (began, buckets) = (Instant::now(), Arc::<OpenBuckets>::default());
        let reading = Reading::of(&self, self.load_limit()).await?;
        let generation = Generation::load(&self, reading, began, &buckets, None).await?;
        #[cfg(feature = "codec-server")]
        let server = crate::codec_server::warning(generation.codec_server).await;
        #[cfg(not(feature = "codec-server"))]
        let server = None;
        let mut inventory = generation.inventory;
        inventory.report.warnings.extend(server);
        Ok(Check { inventory })
    }
}

impl Check {
    /// Returns what the configuration is made of, and what is doubtful about it.
    pub fn report(&self) -> &Report {
        &self.inventory.report
    }

    /// Tries every store. Each driver that is granted a bucket to write to, or none at all, stores a
    /// probe object, which is read back by its claim, compared, and removed where the grant allows;
    /// buckets that may only be read are listed.
    ///
    /// The probe belongs to the reserved namespace `cloakroom-probe`, unless a bucket grants the keys
    /// of another namespace alone.
    pub async fn stores(&self) -> Vec<StoreRow> {
        store_check::stores(&self.inventory).await
    }
}
