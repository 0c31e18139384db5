//! Command `plugin pull`.

use std::io::{self, Write as _};

use cloakroom::{
    CloakroomBuilder,
    signature::{LocalCopies, Reference},
};

use super::{
    access::{builder_of, client, with_advice},
    args::Pull,
    files::{COMPONENT, replace},
};
use crate::{failure::Failure, open::copies_folder, table::words};

pub(super) async fn run(args: &Pull) -> Result<(), Failure> {
    let rows = match (&args.reference, builder_of(&args.access)) {
        (None, Some(builder)) => all(args, builder).await?,
        (Some(reference), builder) => vec![one(args, reference, builder).await?],
        // The arguments ask for one of both.
        (None, None) => return Err(Failure::usage("name a plugin, or a configuration")),
    };
    Ok(io::stdout().lock().write_all(words(&rows).as_bytes())?)
}

/// Pulls the plugins of a configuration, and checks them as a server would.
async fn all(args: &Pull, builder: CloakroomBuilder) -> Result<Vec<Vec<String>>, Failure> {
    let builder = match &args.into {
        Some(folder) => builder.with_plugin_copies(folder),
        None => builder,
    };
    let pulled = builder.pull().await?;
    // Signatures, digests of files and the lock file: what a server would refuse is refused now.
    builder.plugins(None)?;
    let row = |plugin: &cloakroom::registry::PulledPlugin| {
        let state = if plugin.is_new { "pulled" } else { "unchanged" };
        vec![plugin.reference.to_string(), plugin.path.display().to_string(), state.to_owned()]
    };
    Ok(pulled.iter().map(row).collect())
}

/// Pulls one plugin.
async fn one(
    args: &Pull,
    reference: &Reference,
    builder: Option<CloakroomBuilder>,
) -> Result<Vec<String>, Failure> {
    let copies = match (&args.into, builder) {
        (Some(folder), _) => LocalCopies::new(folder),
        (None, Some(builder)) => builder.plugin_copies()?,
        (None, None) => LocalCopies::new(
            copies_folder().ok_or_else(|| Failure::usage("no folder to pull into: use --into"))?,
        ),
    };
    let artifact = client(&args.access, reference)?.pull(reference, COMPONENT).await;
    let artifact = artifact.map_err(|error| with_advice(&args.access, error))?;
    let path = copies.keep(&artifact)?;
    if let Some(output) = &args.output {
        replace(output, artifact.component())?;
    }
    let pinned = reference.clone().with_digest(artifact.digest());
    Ok(vec![pinned.to_string(), path.display().to_string(), "pulled".to_owned()])
}
