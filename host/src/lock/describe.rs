//! Asks a plugin for its encodings, in the sandbox and without any grant.

use std::sync::Arc;

use cloakroom_core::{Codec as _, Error};
use cloakroom_plugin::{BucketAccess, Grants, Host, Reuse, Settings, Source, World};
use cloakroom_stores::ObjectBucket;

/// Returns the encodings of a codec with these settings, in their order. A driver has none.
///
/// It gets no keys. Each setting's value may be the name of a bucket, so each names an empty one.
///
/// # Errors
/// The error of a plugin that does not load, or refuses its settings.
pub(super) async fn encodings(
    host: &Host,
    source: Source,
    world: Option<World>,
    settings: Vec<(String, String)>,
) -> Result<Vec<String>, Error> {
    let mut grants = Grants::for_inspection();
    for (_, value) in &settings {
        let bucket = Arc::new(ObjectBucket::memory(value));
        grants = grants.with_bucket(value, bucket, BucketAccess::whole());
    }
    let plugin = host.load(source, grants).await?;
    if world == Some(World::Storage) {
        return Ok(Vec::new());
    }
    let settings: Settings = settings.into_iter().collect();
    let codec = plugin.codec(settings, Reuse::Fresh).await?;
    let mut encodings = codec.description().encodings.clone();
    encodings.sort();
    Ok(encodings)
}
