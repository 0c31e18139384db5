//! A plugin as a driver: what the pipeline sees of it.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use cloakroom_core::{
    ByteSize, Claim, Context, Driver, Error, ErrorKind, Limit, Object, PutOutcome,
};
use futures::future::BoxFuture;

use crate::{
    Plugin, Reuse,
    compute::{Job, Pace, Part},
    grants::upload::Progress,
    instance::{config::InstanceConfig, pool::Pool, state::Call},
};

/// One plugin with its settings.
pub struct PluginDriver {
    plugin: Plugin,
    kind: String,
    pool: Arc<Pool>,
    pace: Pace,
}

impl PluginDriver {
    pub(crate) fn new(
        plugin: Plugin,
        scope: Arc<InstanceConfig>,
        kind: String,
        reuse: Reuse,
    ) -> Self {
        let pool = Arc::new(Pool::new(scope, reuse));
        Self { plugin, kind, pool, pace: Pace::default() }
    }

    /// The plugin that it is made of.
    pub fn plugin(&self) -> &Plugin {
        &self.plugin
    }

    /// A driver rarely looks at an object, however large.
    fn job<'a>(&'a self, ctx: &'a Context) -> Result<Job<'a>, Error> {
        let host = &self.plugin.0.host.0;
        if ctx.call().is_none() && !ctx.is_probe() {
            host.compute.admit()?;
        }
        let time = host.limits.driver_time;
        Ok(Job { part: Part::Driver, ctx, bytes: 1, time, pace: &self.pace })
    }

    /// Refuses to store what no call could hand back.
    fn check_size(&self, object: &Object) -> Result<(), Error> {
        let (size, most) = (object.envelope().len(), self.plugin.0.host.0.limits.output);
        if size <= most.as_usize() {
            return Ok(());
        }
        let text = format!(
            "the object is {size} bytes, and a plugin hands back at most {most} (`limits.output`): \
             raise it, or pass less at once"
        );
        Err(Error::new(ErrorKind::LimitExceeded(Limit::Payload), text))
    }

    async fn keep(&self, ctx: &Context, object: Object) -> Result<(Claim, PutOutcome), Error> {
        self.check_size(&object)?;
        let job = self.job(ctx)?;
        let (loaded, pool, ctx) = (self.plugin.0.clone(), self.pool.clone(), ctx.clone());
        let guest = |clock| async move {
            let input = object.envelope().len();
            let call = Call { input, progress: Progress::of(input), ..Call::new(ctx, clock) };
            let mut live = pool.take(&loaded, call).await?;
            let stored = live.store(&loaded, object).await;
            pool.keep(&loaded, live);
            stored
        };
        self.plugin.0.host.0.compute.run(job, guest).await
    }

    async fn find(&self, ctx: &Context, claim: &Claim, most: ByteSize) -> Result<Bytes, Error> {
        let job = self.job(ctx)?;
        let (loaded, pool, ctx) = (self.plugin.0.clone(), self.pool.clone(), ctx.clone());
        let claim = claim.clone();
        let guest = move |clock| async move {
            let input = claim.iter().map(|(name, value)| name.len() + value.len()).sum();
            let call = Call { input, most: most.get(), ..Call::new(ctx, clock) };
            let mut live = pool.take(&loaded, call).await?;
            let found = live.retrieve(&loaded, &claim).await;
            pool.keep(&loaded, live);
            found
        };
        self.plugin.0.host.0.compute.run(job, guest).await
    }
}

impl Driver for PluginDriver {
    fn kind(&self) -> &str {
        &self.kind
    }

    /// The plugin by its digest, its settings, and its grants.
    fn identity(&self) -> String {
        let digest = self.plugin.inspection().digest;
        let settings = self.pool.settings();
        format!("{digest} {settings:?} {}", self.plugin.0.grants.identity())
    }

    fn time_limit(&self) -> Option<Duration> {
        Some(self.plugin.0.host.0.limits.driver_time)
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
