//! Command `inspect`: imports and needed grants of a plugin that is not trusted yet.

use std::{
    io::{self, Write as _},
    sync::Arc,
};

use cloakroom::{
    Codec as _, Driver as _, ErrorKind,
    codec::Description,
    inspect::{Import, Inspection, World},
    plugin::{About, CodeSize, Grants, Requirement, Reuse, Settings, Source},
    storage::{BucketAccess, ObjectBucket},
};
use serde_json::{Value, json};

use crate::{
    args::Inspect,
    failure::Failure,
    inspect_about,
    open::host_builder,
    plugin::source::source_from,
    table::{table, thousands},
};

pub(crate) async fn run(args: &Inspect) -> Result<(), Failure> {
    let source = source_from(&args.plugin, args.into.as_deref())?;
    if args.markdown {
        return print_markdown(args, source).await;
    }
    let inspection = Inspection::from_source(&source)?;
    let code = CodeSize::measure_source(&source)?;
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

/// Prints the settings of a plugin.
async fn print_markdown(args: &Inspect, source: Source) -> Result<(), Failure> {
    let plugin = host_builder().build()?.load(source, Grants::for_inspection()).await?;
    let Some(about) = plugin.about().await? else {
        let text = "says nothing about itself: it has no export `about`";
        return Err(cloakroom::Error::new(ErrorKind::Config, text).in_plugin(plugin.name()).into());
    };
    let text = about.markdown(&args.plugin);
    Ok(io::stdout().lock().write_all(text.as_bytes())?)
}

/// Answers of a plugin that was run.
struct Described {
    answer: SelfDescription,
    /// `None` if it has no export `about`, or failed in it: `answer` has the reason then.
    about: Option<About>,
}

/// Answer of a codec or a driver with its settings.
enum SelfDescription {
    Codec(Description),
    /// Its kind of storage.
    Driver(String),
    /// Reason why the plugin gave none.
    Unknown(String),
}

/// Asks the plugin for its description, in the sandbox.
///
/// It gets no keys. Each setting's value may be the name of a bucket, so each names an empty one.
async fn describe(args: &Inspect, source: Source, world: Option<World>) -> Described {
    let mut grants = Grants::for_inspection();
    for (_, value) in &args.settings {
        grants =
            grants.with_bucket(value, Arc::new(ObjectBucket::memory(value)), BucketAccess::whole());
    }
    let settings: Settings = args.settings.iter().cloned().collect();
    let mut about = None;
    let described = async {
        let plugin = host_builder().build()?.load(source, grants).await?;
        about = plugin.about().await?.cloned();
        Ok::<_, cloakroom::Error>(match world {
            Some(world) if world.is_driver() => {
                let driver = plugin.driver(settings, Reuse::Fresh).await?;
                SelfDescription::Driver(driver.kind().to_owned())
            }
            _ => SelfDescription::Codec(
                plugin.codec(settings, Reuse::Fresh).await?.description().clone(),
            ),
        })
    };
    let answer = described.await.unwrap_or_else(|error: cloakroom::Error| {
        let mut why = error.report();
        if error.kind() == ErrorKind::Config {
            why.push_str(" (pass settings with --set NAME=VALUE)");
        }
        SelfDescription::Unknown(why)
    });
    Described { answer, about }
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
    match described.map(|described| &described.answer) {
        None => {}
        Some(SelfDescription::Codec(Description { encodings, purpose, .. })) => {
            rows.push(row("purpose", format!("{purpose:?}").to_lowercase()));
            rows.push(row("encodings", encodings.join(", ")));
        }
        Some(SelfDescription::Driver(kind)) => rows.push(row("kind", kind.clone())),
        Some(SelfDescription::Unknown(why)) => {
            rows.push(row("describe", format!("not available: {why}")));
        }
    }
    let exports = inspection.exports.iter().take(MAX_SHOWN).map(|name| shown(name));
    rows.push(row(
        "exports",
        exports.collect::<Vec<_>>().join(", ") + &more(inspection.exports.len()),
    ));
    let mut text = table(&rows);
    text.push_str("  imports\n");
    let imports: Vec<_> = inspection
        .imports
        .iter()
        .take(MAX_SHOWN)
        .map(|import| vec![format!("  {}", shown(&import.name)), grant_needed(import.requirement)])
        .collect();
    text.push_str(&table(&imports));
    text.push_str(&more(inspection.imports.len()));
    if let Some(about) = described.and_then(|described| described.about.as_ref()) {
        text.push_str(&inspect_about::as_text(about));
    }
    text
}

/// Returns what an import needs, as a configuration has it.
fn grant_needed(requirement: Requirement) -> String {
    match requirement {
        Requirement::Grant(capability) => format!("needs grants.{}", capability.as_str()),
        Requirement::Optional(capability) => {
            format!("gets what grants.{} names", capability.as_str())
        }
        other => other.to_string(),
    }
}

/// Most imports, and most exports, that are shown.
const MAX_SHOWN: usize = 64;

/// Returns a name for display. A plugin that is not trusted yet chose it.
fn shown(name: &str) -> String {
    cloakroom::inspect::clean(name, 128)
}

/// Returns a line with the number of names that are not shown, if any.
fn more(count: usize) -> String {
    if count > MAX_SHOWN { format!("  and {} more\n", count - MAX_SHOWN) } else { String::new() }
}

fn as_json(
    name: &str,
    inspection: &Inspection,
    code: CodeSize,
    described: Option<&Described>,
) -> String {
    let exports = inspection.exports.iter().take(MAX_SHOWN).map(|name| shown(name));
    let imports = inspection.imports.iter().take(MAX_SHOWN).map(import_as_json);
    let mut whole = json!({
        "plugin": name,
        "digest": inspection.digest.to_string(),
        "size": inspection.size,
        "contract": inspection.version.as_deref().map(shown),
        "world": inspection.world.map(World::as_str),
        "code": code_as_json(code),
        "exports": exports.collect::<Vec<_>>(),
        "imports": imports.collect::<Vec<_>>(),
    });
    if let (Some(described), Some(whole)) = (described, whole.as_object_mut()) {
        let (what, answer) = description_as_json(&described.answer);
        whole.insert(what.to_owned(), answer);
        let about = described.about.as_ref().map(inspect_about::as_json);
        whole.insert("about".to_owned(), json!(about));
    }
    format!("{whole:#}\n")
}

fn import_as_json(import: &Import) -> Value {
    let grant = match import.requirement {
        Requirement::Grant(capability) | Requirement::Optional(capability) => {
            Some(capability.as_str())
        }
        _ => None,
    };
    json!({
        "name": shown(&import.name),
        "grant": grant,
        "available": import.requirement != Requirement::Unavailable,
    })
}

fn code_as_json(code: CodeSize) -> Value {
    json!({
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
    })
}

/// Returns a description, and the name under which it is shown.
fn description_as_json(described: &SelfDescription) -> (&'static str, Value) {
    match described {
        SelfDescription::Codec(Description { encodings, purpose, .. }) => {
            let purpose = format!("{purpose:?}").to_lowercase();
            ("codec", json!({ "encodings": encodings, "purpose": purpose }))
        }
        SelfDescription::Driver(kind) => ("driver", json!({ "kind": kind })),
        SelfDescription::Unknown(why) => ("unknown", json!(why)),
    }
}
