//! Command `plugin bench`: measures a plugin beside the bundled ones of the same purpose.

mod row;
mod svg;
mod text;

use std::{
    fs,
    io::{self, IsTerminal as _, Write as _},
};

use cloakroom::{
    Codec as _, Context,
    plugin::{Reuse, bundled_names},
};

use self::row::Row;
use super::{
    args::{Bench, PluginArgs},
    candidate::{Candidate, is_driver},
    made_up_key::MadeUpKey,
    measure, sample,
};
use crate::failure::Failure;

pub(crate) async fn run(args: &Bench) -> Result<(), Failure> {
    let candidate = Candidate::read(&args.plugin).await?;
    let host = Candidate::host(candidate.limits.clone())?;
    let kind = kind(&candidate, &host).await?;
    let mut rows = measured(args, &candidate, &host).await?;
    for name in bundled_names().filter(|name| args.plugin.plugin != format!("bundled:{name}")) {
        let Some(other) = bundled(name).await? else { continue };
        if self::kind(&other, &host).await? == kind {
            rows.extend(measured(args, &other, &host).await?);
        }
    }
    progress("");
    let out = if args.json { text::json(&rows) } else { text::table(&rows) };
    io::stdout().lock().write_all(out.as_bytes())?;
    if let Some(path) = &args.svg {
        fs::write(path, svg::draw(&rows))
            .map_err(|error| Failure::io(error, format!("cannot write {}", path.display())))?;
    }
    Ok(())
}

/// Returns a bundled plugin with settings under which it works on made-up keys and buckets, if it works
/// on any.
async fn bundled(name: &str) -> Result<Option<Candidate>, Failure> {
    let setting = match name {
        "aes-gcm" | "chacha20-poly1305" => Some("ring"),
        "azure" | "file" | "gcs" | "s3" => Some("bucket"),
        // It needs a server.
        "redis" => return Ok(None),
        _ => None,
    };
    let settings = setting.map(|setting| (setting.to_owned(), "bench".to_owned()));
    let args = PluginArgs {
        plugin: format!("bundled:{name}"),
        settings: settings.into_iter().collect(),
        config: None,
    };
    Candidate::read(&args).await.map(Some)
}

/// Returns the purpose of a codec, or a word for all drivers.
async fn kind(candidate: &Candidate, host: &cloakroom::plugin::Host) -> Result<String, Failure> {
    let plugin = candidate.load(host, candidate.grants(MadeUpKey::First)?).await?;
    if is_driver(&plugin) {
        return Ok("driver".to_owned());
    }
    let codec = candidate.codec(&plugin, Reuse::Fresh).await?;
    Ok(format!("{:?}", codec.description().purpose))
}

async fn measured(
    args: &Bench,
    candidate: &Candidate,
    host: &cloakroom::plugin::Host,
) -> Result<Vec<Row>, Failure> {
    let plugin = candidate.load(host, candidate.grants(MadeUpKey::First)?).await?;
    let (calls, ctx) = (args.calls.get(), Context::namespace("bench"));
    let mut rows = Vec::new();
    for size in &args.size {
        let bytes = size.as_usize();
        let payload = sample::payload(bytes);
        for reuse in [Reuse::Fresh, Reuse::Warm] {
            progress(&format!("{} with {size}", plugin.name()));
            let times = if is_driver(&plugin) {
                let driver = candidate.driver(&plugin, reuse).await?;
                measure::driver(&driver, &ctx, &sample::object(&payload), calls).await?
            } else {
                let codec = candidate.codec(&plugin, reuse).await?;
                measure::codec(&codec, &ctx, &payload, calls).await?
            };
            let plugin = plugin.name().to_owned();
            rows.push(Row { plugin, is_warm: reuse == Reuse::Warm, bytes, times });
        }
    }
    Ok(rows)
}

/// Shows on a terminal what is measured, in one line. Nothing clears the line.
fn progress(what: &str) {
    let mut terminal = io::stderr().lock();
    if terminal.is_terminal() {
        // A failed write means that nobody is watching.
        let _ = write!(terminal, "\r\x1b[K{what}");
        let _ = terminal.flush();
    }
}
