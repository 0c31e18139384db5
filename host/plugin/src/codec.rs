//! A plugin as a codec: what the pipeline sees of it.

use std::{fmt, sync::Arc};

use cloakroom_core::{Codec, Context, Description, Direction, Encoded, Error, ErrorKind, Payload};
use futures::future::BoxFuture;

use crate::{
    Capability, Grants, Plugin, Requirement, Reuse,
    compute::{Job, Pace, Part},
    instance::{config::InstanceConfig, pool::Pool, state::Call},
};

/// One plugin with its settings.
pub struct PluginCodec {
    plugin: Plugin,
    description: Description,
    pool: Arc<Pool>,
    pace: Pace,
    has_key: bool,
}

impl PluginCodec {
    pub(crate) fn new(
        plugin: Plugin,
        scope: Arc<InstanceConfig>,
        description: Description,
        reuse: Reuse,
    ) -> Self {
        let has_key = has_key(&plugin, &scope.grants);
        let pool = Arc::new(Pool::new(scope, reuse));
        Self { plugin, description, pool, pace: Pace::default(), has_key }
    }

    /// The plugin that it is made of.
    pub fn plugin(&self) -> &Plugin {
        &self.plugin
    }

    async fn change(
        &self,
        ctx: &Context,
        direction: Direction,
        payload: Payload,
    ) -> Result<Option<Payload>, Error> {
        let host = &self.plugin.0.host.0;
        if ctx.call().is_none() && !ctx.is_probe() {
            host.compute.admit()?;
        }
        let job = Job {
            part: Part::Stage,
            ctx,
            bytes: payload.data.len().max(1),
            time: host.limits.time,
            pace: &self.pace,
        };
        let (loaded, pool, ctx) = (self.plugin.0.clone(), self.pool.clone(), ctx.clone());
        let guest = |clock| async move {
            let call = Call { input: payload.footprint(), ..Call::new(ctx, clock) };
            let mut live = pool.take(&loaded, call).await?;
            let answer = live.change(&loaded, direction, payload).await;
            pool.keep(&loaded, live);
            answer
        };
        host.compute.run(job, guest).await
    }

    /// The encoding itself is the guest's text, and could hold anything.
    fn check_encoding(&self, payload: &Payload) -> Result<(), Error> {
        let declared = |name: &str| self.description.encodings.iter().any(|known| known == name);
        if payload.encoding().is_some_and(declared) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Protocol, "wrote an encoding that it did not declare"))
    }
}

impl Codec for PluginCodec {
    fn description(&self) -> &Description {
        &self.description
    }

    fn is_bounded(&self) -> bool {
        true
    }

    fn has_key(&self) -> bool {
        self.has_key
    }

    fn admit(&self) -> Result<(), Error> {
        let admitted = self.plugin.0.host.0.compute.admit();
        admitted.map_err(|error| error.in_plugin(self.plugin.name()))
    }

    fn encode<'a>(
        &'a self,
        ctx: &'a Context,
        payload: &'a Payload,
    ) -> BoxFuture<'a, Result<Encoded, Error>> {
        Box::pin(async move {
            let changed = self.change(ctx, Direction::Encode, payload.clone()).await;
            let checked = changed.and_then(|changed| match changed {
                Some(payload) => self.check_encoding(&payload).map(|()| Encoded::Changed(payload)),
                None => Ok(Encoded::Unchanged),
            });
            checked.map_err(|error| error.in_plugin(self.plugin.name()))
        })
    }

    fn decode<'a>(
        &'a self,
        ctx: &'a Context,
        payload: Payload,
    ) -> BoxFuture<'a, Result<Payload, Error>> {
        Box::pin(async move {
            let changed = self.change(ctx, Direction::Decode, payload).await;
            let checked = changed.and_then(|changed| {
                changed.ok_or_else(|| Error::new(ErrorKind::Internal, "decoded to nothing"))
            });
            checked.map_err(|error| error.in_plugin(self.plugin.name()))
        })
    }
}

/// Returns whether a plugin imports keys of which it was granted some.
fn has_key(plugin: &Plugin, grants: &Grants) -> bool {
    let granted = [
        (Capability::Keys, !grants.keys.is_empty()),
        (Capability::Subkeys, !grants.subkeys.is_empty()),
    ];
    let imports = &plugin.inspection().imports;
    granted.into_iter().any(|(capability, is_granted)| {
        let need = Requirement::Grant(capability);
        is_granted && imports.iter().any(|import| import.need == need)
    })
}

impl fmt::Debug for PluginCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginCodec")
            .field("plugin", &self.plugin)
            .field("description", &self.description)
            .finish_non_exhaustive()
    }
}
