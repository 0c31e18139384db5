//! A plugin as a codec: what the pipeline sees of it.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use cloakroom_core::{Codec, Context, Description, Direction, Encoded, Error, ErrorKind, Payload};
use futures::future::BoxFuture;

use crate::{Plugin, Reuse, live::Live, scope::Scope, state::Call};

/// One plugin with its settings.
pub struct PluginCodec {
    plugin: Plugin,
    scope: Arc<Scope>,
    description: Description,
    warm: Option<Mutex<Vec<Live>>>,
}

impl PluginCodec {
    pub(crate) fn new(
        plugin: Plugin,
        scope: Arc<Scope>,
        description: Description,
        reuse: Reuse,
    ) -> Self {
        let warm = (reuse == Reuse::Warm).then(Mutex::default);
        Self { plugin, scope, description, warm }
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
        let loaded = &self.plugin.0;
        let _permit = loaded.host.0.admit().await?;
        let deadline = Instant::now() + loaded.host.0.limits.time;
        let call = Call { ctx: ctx.clone(), deadline, confidential: true };
        let mut live = match self.take() {
            Some(mut live) => {
                live.begin(call);
                live
            }
            None => Live::start(loaded, self.scope.clone(), call).await?,
        };
        let answer = live.change(loaded, direction, payload).await;
        self.keep(live);
        answer
    }

    fn take(&self) -> Option<Live> {
        let mut waiting = self.warm.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        let mut live = waiting.pop()?;
        live.idle = None;
        Some(live)
    }

    /// Keeps an instance for a later call, if there is room and it is worth it.
    fn keep(&self, mut live: Live) {
        let Some(warm) = self.warm.as_ref().filter(|_| live.is_fit()) else {
            return;
        };
        if let Ok(place) = self.plugin.0.host.0.idle.clone().try_acquire_owned() {
            live.idle = Some(place);
            warm.lock().unwrap_or_else(PoisonError::into_inner).push(live);
        }
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

impl fmt::Debug for PluginCodec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PluginCodec")
            .field("plugin", &self.plugin)
            .field("description", &self.description)
            .finish_non_exhaustive()
    }
}
