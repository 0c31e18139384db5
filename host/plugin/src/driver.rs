//! A plugin as a storage driver.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use cloakroom_core::{
    ByteSize, Claim, Context, Driver, Error, ErrorKind, Limit, Object, PutOutcome, Thousands,
};
use futures::future::BoxFuture;

use crate::{
    compute::{Job, inline_limit::InlineLimit, permit::CallPermit, plugin_role::PluginRole},
    guest_name::is_name,
    instance::{call::Call, store_progress::StoreProgress},
    load::world::World,
    plugin::{Plugin, wrong_world},
    pool::{InstancePool, Reuse},
    settings::Settings,
};

/// Storage driver: a plugin with its settings.
pub struct PluginDriver {
    plugin: Plugin,
    kind: String,
    pool: Arc<InstancePool>,
    inline_limit: InlineLimit,
}

impl Plugin {
    /// Returns a driver with these settings. The plugin reads them now, and refuses settings that it cannot
    /// work with.
    ///
    /// # Cancel safety
    /// The future can be dropped at any time. Its instance is dropped with it, and nothing else changes.
    ///
    /// # Errors
    /// `Config` if the host or the plugin refuses its settings, if it is not a driver, or outside of a Tokio runtime.
    /// `Protocol` if its kind is not a name. Otherwise the error of any other call: a trap, a limit.
    pub async fn driver(&self, settings: Settings, reuse: Reuse) -> Result<PluginDriver, Error> {
        let kind = self.describe_driver(&settings).await;
        let kind = kind.map_err(|error| self.explain(error))?;
        let pool = self.pool(&settings, self.grants(), reuse);
        Ok(PluginDriver { plugin: self.clone(), kind, pool, inline_limit: InlineLimit::default() })
    }

    async fn describe_driver(&self, settings: &Settings) -> Result<String, Error> {
        if !self.inspection().world.is_some_and(World::is_driver) {
            return Err(wrong_world(
                "is a codec, not a storage driver: make a codec of it with `Plugin::codec`",
            ));
        }
        self.check_settings(settings).await?;
        let pool = self.pool(settings, self.grants(), Reuse::Fresh);
        let kind = self.describe(pool, |instance| instance.describe_driver()).await?;
        if is_name(&kind) {
            return Ok(kind);
        }
        let text = "names its kind with something else than 1 to 128 visible ASCII characters";
        Err(Error::new(ErrorKind::Protocol, text))
    }
}

impl PluginDriver {
    /// Returns the plugin of which it is made.
    #[must_use]
    pub fn plugin(&self) -> &Plugin {
        &self.plugin
    }

    fn job<'a>(&'a self, ctx: &'a Context) -> Result<Job<'a>, Error> {
        let runtime = self.plugin.runtime();
        runtime.compute.admit_alone(ctx)?;
        Ok(Job {
            role: PluginRole::Driver,
            ctx,
            // A driver rarely looks into an object, however large.
            bytes: 1,
            time: self.plugin.limits().driver_time,
            limits: self.plugin.limits(),
            inline_limit: &self.inline_limit,
        })
    }

    /// Checks that the object is small enough for `retrieve` to return it later.
    fn check_size(&self, object: &Object) -> Result<(), Error> {
        let limits = self.plugin.limits();
        let (size, limit) = (object.envelope().len(), limits.output);
        if size <= limit.as_usize() {
            return Ok(());
        }
        let text = format!(
            "the object is {size} bytes, and a plugin returns at most {limit}: raise it, or \
             pass less at once"
        );
        let error = Error::new(ErrorKind::LimitExceeded(Limit::Payload), text);
        Err(error.with_remedies(limits.output_remedies()))
    }

    async fn run_store(&self, ctx: &Context, object: Object) -> Result<(Claim, PutOutcome), Error> {
        self.check_size(&object)?;
        let job = self.job(ctx)?;
        let (pool, ctx) = (self.pool.clone(), ctx.clone());
        let guest = move |permit: CallPermit| async move {
            let input = object.envelope().len();
            let progress = StoreProgress::for_object(input);
            let call = Call { input, progress, ..Call::new(ctx, permit.clock().clone()) };
            pool.take(permit, call).await?.store(object).await
        };
        self.plugin.runtime().compute.run(job, guest).await
    }

    async fn run_retrieve(
        &self,
        ctx: &Context,
        claim: &Claim,
        limit: ByteSize,
    ) -> Result<Bytes, Error> {
        let job = self.job(ctx)?;
        let (pool, ctx, claim) = (self.pool.clone(), ctx.clone(), claim.clone());
        let guest = move |permit: CallPermit| async move {
            let input = claim.iter().map(|(name, value)| name.len() + value.len()).sum();
            let object_limit = limit.get();
            let call = Call { input, object_limit, ..Call::new(ctx, permit.clock().clone()) };
            pool.take(permit, call).await?.retrieve(&claim).await
        };
        self.plugin.runtime().compute.run(job, guest).await
    }
}

impl Driver for PluginDriver {
    fn kind(&self) -> &str {
        &self.kind
    }

    /// Returns the plugin's digest, its settings and its grants.
    fn identity(&self) -> String {
        let digest = self.plugin.inspection().digest;
        let settings = &self.pool.config().settings;
        // All three: an object that is cached on disk under one grant must not be found under another.
        format!("{digest} {settings:?} {}", self.plugin.grants().identity())
    }

    fn time_limit(&self) -> Option<Duration> {
        Some(self.plugin.limits().driver_time)
    }

    fn store<'a>(
        &'a self,
        ctx: &'a Context,
        object: Object,
    ) -> BoxFuture<'a, Result<Claim, Error>> {
        Box::pin(async move { Ok(self.store_with_outcome(ctx, object).await?.0) })
    }

    /// Stores an object. Dropping the future ends the guest and aborts its request to the store, which may
    /// have written the object: storing it again finds it there.
    fn store_with_outcome<'a>(
        &'a self,
        ctx: &'a Context,
        object: Object,
    ) -> BoxFuture<'a, Result<(Claim, PutOutcome), Error>> {
        Box::pin(async move {
            let stored = self.run_store(ctx, object).await;
            stored.map_err(|error| self.plugin.explain(error))
        })
    }

    fn retrieve<'a>(
        &'a self,
        ctx: &'a Context,
        claim: &'a Claim,
        limit: ByteSize,
    ) -> BoxFuture<'a, Result<Bytes, Error>> {
        Box::pin(async move {
            let retrieved = self.run_retrieve(ctx, claim, limit).await;
            let checked = retrieved.and_then(|object| check_size(object, limit));
            checked.map_err(|error| self.plugin.explain(error))
        })
    }
}

/// Refuses an object that is larger than the caller takes. A bucket does so before it reads; a driver with
/// a backend of its own does not know the limit.
fn check_size(object: Bytes, limit: ByteSize) -> Result<Bytes, Error> {
    if object.len() <= limit.as_usize() {
        return Ok(object);
    }
    let text = format!(
        "the object has {} bytes, but at most {} are read",
        Thousands(object.len() as u64),
        Thousands(limit.get())
    );
    Err(Error::new(ErrorKind::LimitExceeded(Limit::Payload), text))
}

impl fmt::Debug for PluginDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginDriver")
            .field("plugin", &self.plugin)
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
