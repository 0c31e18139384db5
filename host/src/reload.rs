//! Replaces a configuration while calls are in flight.

use std::{sync::Arc, time::Instant};

use cloakroom_core::Error;

use crate::{
    builder::CloakroomBuilder, cloakroom::Cloakroom, config_file::ConfigFile, key_facts,
    loaded_config::LoadedConfig, reload_metric,
};

impl Cloakroom {
    /// Reads the configuration again, loads and checks all of it beside the current one, and replaces
    /// that. Calls in flight finish on the old one.
    ///
    /// A reload takes `limits.load` at most. A newer one ends it sooner: then this returns `Busy`.
    /// Dropping the future ends it too, and nothing was changed.
    ///
    /// # Errors
    /// As [`Cloakroom::open`]. The old configuration goes on serving then.
    pub async fn reload(&self) -> Result<(), Error> {
        self.replace(self.builder()).await
    }

    /// Replaces the configuration by another, as [`Cloakroom::reload`] does. A shared host stays,
    /// unless `builder` brings another.
    ///
    /// # Errors
    /// As [`Cloakroom::open`]. The old configuration goes on serving then.
    pub async fn replace(&self, builder: CloakroomBuilder) -> Result<(), Error> {
        let order = self.reload_order();
        let number = order.begin();
        let replaced =
            order.unless_newer(number, Box::pin(self.load_and_replace(number, builder))).await;
        // A reload that a newer one ended says nothing about the file.
        if order.is_newest(number) {
            reload_metric::record_reload(replaced.is_ok());
        }
        replaced
    }

    async fn load_and_replace(
        &self,
        number: u64,
        mut builder: CloakroomBuilder,
    ) -> Result<(), Error> {
        let began = Instant::now();
        builder.host = builder.host.or_else(|| self.builder().host);
        let before = self.current();
        // The limit of the configuration that serves: what the new one says is not read yet.
        let limit = before.host.limits().load;
        let config = ConfigFile::read(&builder.source, limit).await?;
        // Restrictions hold at once: a token that the file no longer has is refused from here on,
        // although plugins may take minutes to load, or never do.
        #[cfg(feature = "codec-server")]
        self.announce_codec_server(number, &config).await?;
        #[cfg(feature = "gateway")]
        self.announce_gateway_callers(number, &config).await?;
        let buckets = self.buckets();
        let next =
            Box::pin(LoadedConfig::load(&builder, config, began, buckets, Some(&before))).await?;
        next.inventory.warn();
        self.reload_order().replace_if_newest(number, || {
            key_facts::record(&next.keys, &before.keys);
            self.set_current(Arc::new(next), builder);
        })?;
        // Buckets that only the old configuration used are closed with the last call that uses them;
        // this function's own hold on it must not count.
        drop(before);
        self.buckets().forget_unused();
        Ok(())
    }
}
