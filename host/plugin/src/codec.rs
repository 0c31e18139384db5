//! A plugin as a codec.

use std::{fmt, sync::Arc};

use cloakroom_core::{
    Codec, Context, Description, Direction, Encoded, Error, ErrorKind, Payload, Purpose,
};
use futures::future::BoxFuture;

use crate::{
    compute::{Job, inline_limit::InlineLimit, permit::CallPermit, plugin_role::PluginRole},
    guest_name::is_name,
    instance::{call::Call, handle_table::HeldPayload},
    load::{
        requirement::{Capability, Requirement},
        world::World,
    },
    plugin::{Plugin, wrong_world},
    pool::{InstancePool, Reuse},
    settings::Settings,
};

/// Most encodings of one codec. A codec needs one for each version of its format, and the list is searched
/// for every payload.
const ENCODINGS: usize = 32;

/// Codec: a plugin with its settings.
pub struct PluginCodec {
    plugin: Plugin,
    description: Description,
    metadata_names: Vec<String>,
    pool: Arc<InstancePool>,
    /// Pool for probes, if they must not reach the buckets that were granted.
    probes: Option<Arc<InstancePool>>,
    inline_limit: InlineLimit,
    has_key: bool,
    takes_probes: bool,
}

impl Plugin {
    /// Returns a codec with these settings. The plugin reads them now, and refuses settings that it cannot
    /// work with. It has no keys while it does. A setting `ring` that names no granted key ring is refused
    /// too.
    ///
    /// # Cancel safety
    /// The future can be dropped at any time. Its instance is dropped with it, and nothing else changes.
    ///
    /// # Errors
    /// `Config` if the host or the plugin refuses its settings, if it is not a codec, or outside of a Tokio runtime.
    /// `Protocol` if its description is invalid. Otherwise the error of any other call: a trap, a limit.
    pub async fn codec(&self, settings: Settings, reuse: Reuse) -> Result<PluginCodec, Error> {
        let description = self.describe_codec(&settings).await;
        let description = description.map_err(|error| self.explain(error))?;
        let checked = self.grants().check_ring(&settings);
        checked.map_err(|error| self.explain(error))?;
        let about = self.about().await?;
        let metadata_names = about.map(|about| about.metadata_names.clone()).unwrap_or_default();
        let checked = check_description(&description, &metadata_names);
        checked.map_err(|error| self.explain(error))?;
        // A service keeps what it is sent. One that encrypts is tried even so: a mistake there shows
        // plaintext.
        let takes_probes = description.purpose == Purpose::Encryption
            || !imports_granted(self, Capability::Services);
        Ok(PluginCodec {
            metadata_names,
            plugin: self.clone(),
            description,
            pool: self.pool(&settings, self.grants(), reuse),
            probes: (!self.grants().buckets.is_empty())
                .then(|| self.pool(&settings, &self.grants().for_probes(), Reuse::Fresh)),
            inline_limit: InlineLimit::default(),
            has_key: [Capability::Keys, Capability::Subkeys]
                .into_iter()
                .any(|kind| imports_granted(self, kind)),
            takes_probes,
        })
    }

    async fn describe_codec(&self, settings: &Settings) -> Result<Description, Error> {
        if self.inspection().world.is_some_and(World::is_driver) {
            return Err(wrong_world(
                "is a storage driver, not a codec: make a driver of it with `Plugin::driver`",
            ));
        }
        self.check_settings(settings).await?;
        let pool = self.pool(settings, &self.grants().for_describing(), Reuse::Fresh);
        self.describe(pool, |instance| instance.describe_codec()).await
    }
}

impl PluginCodec {
    /// Returns the plugin of which it is made.
    #[must_use]
    pub fn plugin(&self) -> &Plugin {
        &self.plugin
    }

    async fn run(
        &self,
        ctx: &Context,
        direction: Direction,
        payload: Payload,
    ) -> Result<Option<Payload>, Error> {
        let runtime = self.plugin.runtime();
        // Before the payload is cloned and anything is allocated: a refused call costs nothing.
        runtime.compute.admit_alone(ctx)?;
        let job = Job {
            role: PluginRole::Stage,
            ctx,
            // Not 0, or empty payloads of a slow codec would always run in their callers' tasks.
            bytes: payload.data.len().max(1),
            time: self.plugin.limits().time,
            limits: self.plugin.limits(),
            inline_limit: &self.inline_limit,
        };
        let probes = self.probes.as_ref().filter(|_| ctx.is_probe());
        let (pool, ctx) = (probes.unwrap_or(&self.pool).clone(), ctx.clone());
        // What it reads from a bucket counts as its output.
        let object_limit = self.plugin.limits().output.get();
        let moves_parts = direction == Direction::Encode;
        let input = Box::new(HeldPayload::from(payload));
        let guest = move |permit: CallPermit| async move {
            let call = Call::new(ctx, permit.clock().clone());
            let call = Call { input: input.payload.footprint(), object_limit, moves_parts, ..call };
            pool.take(permit, call).await?.run_codec(direction, input).await
        };
        let answer = runtime.compute.run(job, guest).await?;
        Ok(answer.map(|held| held.payload))
    }

    /// Checks that the codec wrote one of its encodings, or one of its metadata names: otherwise a later
    /// stage or reader would take its output for something else. The error does not name the encoding,
    /// since it may hold payload bytes.
    fn check_encoding(&self, payload: &Payload) -> Result<(), Error> {
        let is_marked = |name: &String| payload.metadata.contains_key(name);
        let is_marked = self.metadata_names.iter().any(is_marked);
        if is_marked || self.description.has_encoding_of(payload) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Protocol, "wrote an encoding that it did not declare"))
    }
}

impl Codec for PluginCodec {
    fn description(&self) -> &Description {
        &self.description
    }

    fn metadata_names(&self) -> &[String] {
        &self.metadata_names
    }

    fn is_bounded(&self) -> bool {
        true
    }

    fn has_key(&self) -> bool {
        self.has_key
    }

    fn takes_probes(&self) -> bool {
        self.takes_probes
    }

    fn admit(&self) -> Result<(), Error> {
        let admitted = self.plugin.runtime().compute.admit();
        admitted.map_err(|error| self.plugin.explain(error))
    }

    /// Encodes a payload. Cancel safe: dropping the future ends the guest and drops its instance.
    fn encode<'a>(
        &'a self,
        ctx: &'a Context,
        payload: &'a Payload,
    ) -> BoxFuture<'a, Result<Encoded, Error>> {
        Box::pin(async move {
            if ctx.is_probe() && !self.takes_probes {
                return Ok(Encoded::Unchanged);
            }
            let encoded = self.run(ctx, Direction::Encode, payload.clone()).await;
            let checked = encoded.and_then(|encoded| match encoded {
                Some(payload) => self.check_encoding(&payload).map(|()| Encoded::Changed(payload)),
                None => Ok(Encoded::Unchanged),
            });
            checked.map_err(|error| self.plugin.explain(error))
        })
    }

    /// Decodes a payload. Cancel safe: dropping the future ends the guest and drops its instance.
    fn decode<'a>(
        &'a self,
        ctx: &'a Context,
        payload: Payload,
    ) -> BoxFuture<'a, Result<Payload, Error>> {
        Box::pin(async move {
            let decoded = self.run(ctx, Direction::Decode, payload).await;
            let checked = decoded.and_then(|decoded| {
                decoded.ok_or_else(|| Error::new(ErrorKind::Internal, "decoded to nothing"))
            });
            checked.map_err(|error| self.plugin.explain(error))
        })
    }
}

/// Returns whether a plugin imports something of this kind and was granted some.
fn imports_granted(plugin: &Plugin, kind: Capability) -> bool {
    let grants = plugin.grants();
    let is_granted = match kind {
        Capability::Keys => !grants.keys.is_empty(),
        Capability::Subkeys => !grants.subkeys.is_empty(),
        Capability::Services => !grants.services.is_empty(),
        _ => false,
    };
    let requirement = Requirement::Grant(kind);
    let imports = &plugin.inspection().imports;
    is_granted && imports.iter().any(|import| import.requirement == requirement)
}

fn check_description(description: &Description, marks: &[String]) -> Result<(), Error> {
    let protocol = |text: &str| Err(Error::new(ErrorKind::Protocol, text));
    match &*description.encodings {
        [] if marks.is_empty() => {
            protocol("describes itself without an encoding, so nothing it wrote could be read")
        }
        names if names.len() > ENCODINGS => protocol("names more than 32 encodings"),
        names if !names.iter().all(|name| is_name(name)) => {
            protocol("names an encoding that is not 1 to 128 visible ASCII characters")
        }
        _ => Ok(()),
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
