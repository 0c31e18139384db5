//! Asks a plugin for its name, its version and its encodings, in the sandbox and without any grant.

use std::sync::Arc;

use cloakroom_core::{Codec as _, Error};
use cloakroom_plugin::{BucketAccess, Grants, Host, Reuse, Settings, Source, World};
use cloakroom_registry::Statement;
use cloakroom_stores::ObjectBucket;

/// Answers of a plugin.
pub(super) struct Described {
    /// Name and version, if the plugin says both and a signature could hold them.
    pub(super) statement: Option<Statement>,
    /// Encodings of a codec with its settings, in their order. A driver has none.
    pub(super) encodings: Vec<String>,
}

/// Asks a plugin.
///
/// It gets no keys. Each setting's value may be the name of a bucket, so each names an empty one.
///
/// # Errors
/// The error of a plugin that does not load, or refuses its settings.
pub(super) async fn describe(
    host: &Host,
    source: Source,
    world: Option<World>,
    settings: Vec<(String, String)>,
) -> Result<Described, Error> {
    let mut grants = Grants::for_inspection();
    for (_, value) in &settings {
        let bucket = Arc::new(ObjectBucket::memory(value));
        grants = grants.with_bucket(value, bucket, BucketAccess::whole());
    }
    let plugin = host.load(source, grants).await?;
    let about = plugin.about().await?;
    // Written into a file that people read and programs compare, so only what a signature could hold.
    let statement = about.and_then(|about| Statement::new(&about.name, &about.version).ok());
    if world.is_some_and(World::is_driver) {
        return Ok(Described { statement, encodings: Vec::new() });
    }
    let settings: Settings = settings.into_iter().collect();
    let codec = plugin.codec(settings, Reuse::Fresh).await?;
    let mut encodings = codec.description().encodings.clone();
    encodings.sort();
    Ok(Described { statement, encodings })
}
