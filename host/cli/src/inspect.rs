//! `inspect`: what a plugin is, before it is trusted with anything.

use std::io::{self, Write as _};

use cloakroom::{Description, Grants, Host, Inspection, Need, Reuse, Settings, Source, World};
use serde_json::json;

use crate::{
    args::Inspect,
    change::cache_folder,
    failure::Failure,
    table::{table, thousands},
};

pub(crate) async fn run(args: &Inspect) -> Result<(), Failure> {
    let source = match args.plugin.split_once(':') {
        Some(("bundled", name)) => cloakroom::bundled(name)?,
        Some(("file", path)) => Source::file(path),
        _ => Source::file(&args.plugin),
    };
    let mut host = Host::builder();
    if let Some(folder) = cache_folder() {
        host = host.cache(folder);
    }
    let host = host.build()?;
    let inspection = host.inspect(&source)?;
    let settings = args.settings.iter().cloned().collect();
    let described = describe(&host, source.clone(), settings).await;
    let text = match args.json {
        true => as_json(source.name(), &inspection, &described),
        false => as_text(source.name(), &inspection, &described),
    };
    Ok(io::stdout().lock().write_all(text.as_bytes())?)
}

/// Asks the plugin itself, in the sandbox, with no keys.
async fn describe(host: &Host, source: Source, settings: Settings) -> Result<Description, String> {
    let described = async {
        let plugin = host.load(source, Grants::nothing_behind()).await?;
        let codec = plugin.codec(settings, Reuse::Fresh).await?;
        Ok::<_, cloakroom::Error>(cloakroom::Codec::description(&codec).clone())
    };
    described.await.map_err(|error| error.to_string())
}

fn as_text(name: &str, inspection: &Inspection, described: &Result<Description, String>) -> String {
    let row = |name: &str, value: String| vec![format!("{name:<10} {value}")];
    let mut rows = vec![
        row("plugin", name.to_owned()),
        row("digest", inspection.digest.to_string()),
        row("size", format!("{} bytes", thousands(inspection.size))),
        row("contract", inspection.version.clone().unwrap_or_else(|| "none".to_owned())),
        row("world", inspection.world.map_or("none", World::as_str).to_owned()),
    ];
    match described {
        Ok(Description { encodings, purpose, .. }) => {
            rows.push(row("purpose", format!("{purpose:?}").to_lowercase()));
            rows.push(row("encodings", encodings.join(", ")));
        }
        Err(why) => {
            rows.push(row("encodings", format!("unknown: {why} (give settings with --set)")))
        }
    }
    rows.push(row("exports", inspection.exports.join(", ")));
    let mut text = table(&rows);
    text.push_str("  imports\n");
    let imports: Vec<_> = inspection
        .imports
        .iter()
        .map(|import| vec![format!("  {}", import.name), import.need.to_string()])
        .collect();
    text.push_str(&table(&imports));
    text
}

fn as_json(name: &str, inspection: &Inspection, described: &Result<Description, String>) -> String {
    let imports: Vec<_> = inspection
        .imports
        .iter()
        .map(|import| {
            let grant = match import.need {
                Need::Grant(capability) => Some(capability.as_str()),
                _ => None,
            };
            json!({
                "name": import.name,
                "grant": grant,
                "available": import.need != Need::Unavailable,
            })
        })
        .collect();
    let described = match described {
        Ok(Description { encodings, purpose, .. }) => json!({
            "encodings": encodings,
            "purpose": format!("{purpose:?}").to_lowercase(),
        }),
        Err(why) => json!({ "unknown": why }),
    };
    let whole = json!({
        "plugin": name,
        "digest": inspection.digest.to_string(),
        "size": inspection.size,
        "contract": inspection.version,
        "world": inspection.world.map(World::as_str),
        "codec": described,
        "exports": inspection.exports,
        "imports": imports,
    });
    format!("{whole:#}\n")
}
