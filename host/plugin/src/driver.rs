//! A plugin as a driver: what the pipeline sees of it.

use std::{fmt, sync::Arc, time::Instant};

use bytes::Bytes;
use cloakroom_core::{ByteSize, Claim, Context, Driver, Error, Object, PutOutcome};
use futures::future::BoxFuture;

use crate::{Plugin, Reuse, pool::Pool, scope::Scope, state::Call, upload::Progress};

/// One plugin with its settings.
pub struct PluginDriver {
    plugin: Plugin,
    kind: String,
    pool: Pool,
}

impl PluginDriver {
    pub(crate) fn new(plugin: Plugin, scope: Arc<Scope>, kind: String, reuse: Reuse) -> Self {
        Self { plugin, kind, pool: Pool::new(scope, reuse) }
    }

    /// The plugin that it is made of.
    pub fn plugin(&self) -> &Plugin {
        &self.plugin
    }

    fn call(&self, ctx: &Context) -> Call {
        Call::new(ctx.clone(), Instant::now() + self.plugin.0.host.0.limits.driver_time)
    }

    async fn keep(&self, ctx: &Context, object: Object) -> Result<(Claim, PutOutcome), Error> {
        let loaded = &self.plugin.0;
        let _permit = loaded.host.0.admit_driver().await?;
        let call = Call { progress: Progress::of(object.envelope().len()), ..self.call(ctx) };
        let mut live = self.pool.take(loaded, call).await?;
        let stored = live.store(loaded, object).await;
        self.pool.keep(loaded, live);
        stored
    }

    async fn find(&self, ctx: &Context, claim: &Claim, most: ByteSize) -> Result<Bytes, Error> {
        let loaded = &self.plugin.0;
        let _permit = loaded.host.0.admit_driver().await?;
        let call = Call { most: most.get(), ..self.call(ctx) };
        let mut live = self.pool.take(loaded, call).await?;
        let found = live.retrieve(loaded, claim).await;
        self.pool.keep(loaded, live);
        found
    }
}

impl Driver for PluginDriver {
    fn kind(&self) -> &str {
        &self.kind
    }

    fn store<'a>(
        &'a self,
        ctx: &'a Context,
        object: Object,
    ) -> BoxFuture<'a, Result<Claim, Error>> {
        Box::pin(async move { Ok(self.store_with_outcome(ctx, object).await?.0) })
    }

    fn store_with_outcome<'a>(
        &'a self,
        ctx: &'a Context,
        object: Object,
    ) -> BoxFuture<'a, Result<(Claim, PutOutcome), Error>> {
        Box::pin(async move {
            let stored = self.keep(ctx, object).await;
            stored.map_err(|error| error.in_plugin(self.plugin.name()))
        })
    }

    fn retrieve<'a>(
        &'a self,
        ctx: &'a Context,
        claim: &'a Claim,
        most: ByteSize,
    ) -> BoxFuture<'a, Result<Bytes, Error>> {
        Box::pin(async move {
            let found = self.find(ctx, claim, most).await;
            found.map_err(|error| error.in_plugin(self.plugin.name()))
        })
    }
}

impl fmt::Debug for PluginDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginDriver")
            .field("plugin", &self.plugin)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
