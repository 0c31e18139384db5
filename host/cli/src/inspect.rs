//! `inspect`: what a plugin is, before it is trusted with anything.

use std::{
    io::{self, Write as _},
    sync::Arc,
};

use cloakroom::{
    Codec as _, Driver as _, ErrorKind,
    codec::Description,
    inspect::{Inspection, World},
    plugin::{CodeSize, Grants, Host, Requirement, Reuse, Settings, Source},
    storage::{BucketAccess, ObjectBucket},
};
use serde_json::json;

use crate::{
    args::Inspect,
    failure::Failure,
    payloads::{cache_folder, compiler},
    table::{table, thousands},
};

pub(crate) async fn run(args: &Inspect) -> Result<(), Failure> {
    let source = match args.plugin.split_once(':') {
        Some(("bundled", name)) => cloakroom::plugin::bundled(name)?,
        Some(("file", path)) => Source::file(path),
        _ => Source::file(&args.plugin),
    };
    let inspection = Inspection::of_source(&source)?;
    let code = CodeSize::of_source(&source)?;
    let described = if args.describe {
        Some(describe(args, source.clone(), inspection.world).await)
    } else {
        None
    };
    let text = if args.json {
        as_json(source.name(), &inspection, code, described.as_ref())
    } else {
        as_text(source.name(), &inspection, code, described.as_ref())
    };
    Ok(io::stdout().lock().write_all(text.as_bytes())?)
}

/// What a plugin says of itself.
enum Described {
    Codec(Description),
    /// What kind of storage it is.
    Driver(String),
    /// Why it does not.
    Unknown(String),
}

/// Asks the plugin itself, in the sandbox, with no keys, and with an empty bucket for whatever name a
/// setting gives.
async fn describe(args: &Inspect, source: Source, world: Option<World>) -> Described {
    let mut host = Host::builder().compiler(compiler());
    if let Some(folder) = cache_folder() {
        host = host.cache(folder);
    }
    let mut grants = Grants::nothing_behind();
    for (_, value) in &args.settings {
        grants = grants.bucket(value, Arc::new(ObjectBucket::memory(value)), BucketAccess::whole());
    }
    let settings: Settings = args.settings.iter().cloned().collect();
    let described = async {
        let plugin = host.build()?.load(source, grants).await?;
        Ok::<_, cloakroom::Error>(match world {
            Some(World::Storage) => {
                let driver = plugin.driver(settings, Reuse::Fresh).await?;
                Described::Driver(driver.kind().to_owned())
            }
            _ => {
                Described::Codec(plugin.codec(settings, Reuse::Fresh).await?.description().clone())
            }
        })
    };
    described.await.unwrap_or_else(|error: cloakroom::Error| {
        let mut why = error.report();
        if error.kind() == ErrorKind::Config {
            why.push_str(" (give settings with --set)");
        }
        Described::Unknown(why)
    })
}

fn as_text(
    name: &str,
    inspection: &Inspection,
    code: CodeSize,
    described: Option<&Described>,
) -> String {
    let row = |name: &str, value: String| vec![format!("{name:<10} {value}")];
    let mut rows = vec![
        row("plugin", name.to_owned()),
        row("digest", inspection.digest.to_string()),
        row("size", format!("{} bytes", thousands(inspection.size))),
        row("contract", inspection.version.as_deref().map_or_else(|| "none".to_owned(), shown)),
        row("world", inspection.world.map_or("none", World::as_str).to_owned()),
        row("code", code.to_string()),
    ];
    match described {
        None => {}
        Some(Described::Codec(Description { encodings, purpose, .. })) => {
            rows.push(row("purpose", format!("{purpose:?}").to_lowercase()));
            rows.push(row("encodings", encodings.join(", ")));
        }
        Some(Described::Driver(kind)) => rows.push(row("kind", kind.clone())),
        Some(Described::Unknown(why)) => rows.push(row("says", format!("nothing: {why}"))),
    }
    let exports = inspection.exports.iter().take(SHOWN).map(|name| shown(name));
    rows.push(row(
        "exports",
        exports.collect::<Vec<_>>().join(", ") + &more(inspection.exports.len()),
    ));
    let mut text = table(&rows);
    text.push_str("  imports\n");
    let imports: Vec<_> = inspection
        .imports
        .iter()
        .take(SHOWN)
        .map(|import| vec![format!("  {}", shown(&import.name)), import.need.to_string()])
        .collect();
    text.push_str(&table(&imports));
    text.push_str(&more(inspection.imports.len()));
    text
}

/// The most imports, and exports, that are shown.
const SHOWN: usize = 64;

/// Returns a name as it is shown: it is the text of a plugin that nobody trusts yet.
fn shown(name: &str) -> String {
    cloakroom::inspect::clean(name, 128)
}

/// Says how many of `count` names are not shown.
fn more(count: usize) -> String {
    if count > SHOWN { format!("  and {} more\n", count - SHOWN) } else { String::new() }
}

fn as_json(
    name: &str,
    inspection: &Inspection,
    code: CodeSize,
    described: Option<&Described>,
) -> String {
    let imports: Vec<_> = inspection
        .imports
        .iter()
        .take(SHOWN)
        .map(|import| {
            let grant = match import.need {
                Requirement::Grant(capability) => Some(capability.as_str()),
                _ => None,
            };
            json!({
                "name": shown(&import.name),
                "grant": grant,
                "available": import.need != Requirement::Unavailable,
            })
        })
        .collect();
    let described = described.map(|described| match described {
        Described::Codec(Description { encodings, purpose, .. }) => {
            let purpose = format!("{purpose:?}").to_lowercase();
            ("codec", json!({ "encodings": encodings, "purpose": purpose }))
        }
        Described::Driver(kind) => ("driver", json!({ "kind": kind })),
        Described::Unknown(why) => ("unknown", json!(why)),
    });
    let mut whole = json!({
        "plugin": name,
        "digest": inspection.digest.to_string(),
        "size": inspection.size,
        "contract": inspection.version.as_deref().map(shown),
        "world": inspection.world.map(World::as_str),
        "code": {
            "function": code.function,
            "locals": code.locals,
            "blocks": code.blocks,
            "loopDepth": code.loop_depth,
            "values": code.values,
            "functions": code.functions,
            "functionWork": code.function_work,
            "work": code.work,
            "definitions": code.definitions,
            "modules": code.modules,
            "components": code.components,
        },
        "exports": inspection.exports.iter().take(SHOWN).map(|name| shown(name)).collect::<Vec<_>>(),
        "imports": imports,
    });
    if let (Some((what, described)), Some(whole)) = (described, whole.as_object_mut()) {
        whole.insert(what.to_owned(), described);
    }
    format!("{whole:#}\n")
}
