//! Command `plugin check`.

use std::{
    io::{self, Write as _},
    sync::Arc,
};

use cloakroom::{
    Codec as _, Driver as _,
    inspect::World,
    plugin::{Grants, Reuse, Settings},
    storage::{BucketAccess, ObjectBucket},
};

use super::{args::Check, source::source};
use crate::{failure::Failure, open::host_builder, table::table};

pub(crate) async fn run(args: &Check) -> Result<(), Failure> {
    let mut grants = Grants::for_inspection();
    for (_, value) in &args.plugin.settings {
        grants =
            grants.with_bucket(value, Arc::new(ObjectBucket::memory(value)), BucketAccess::whole());
    }
    let settings: Settings = args.plugin.settings.iter().cloned().collect();
    let plugin = host_builder().build()?.load(source(&args.plugin.plugin)?, grants).await?;
    let row = |name: &str, value: String| vec![format!("{name:<10} {value}")];
    let mut rows = vec![
        row("plugin", plugin.name().to_owned()),
        row("digest", plugin.inspection().digest.to_string()),
    ];
    if plugin.inspection().world == Some(World::Storage) {
        let driver = plugin.driver(settings, Reuse::Fresh).await?;
        rows.push(row("kind", driver.kind().to_owned()));
    } else {
        let codec = plugin.codec(settings, Reuse::Fresh).await?;
        rows.push(row("encodings", codec.description().encodings.join(", ")));
    }
    Ok(io::stdout().lock().write_all(table(&rows).as_bytes())?)
}
