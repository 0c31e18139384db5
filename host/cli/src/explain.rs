//! Command `explain`: stages, keys and stored objects of payloads, without their contents.

use std::io::{self, Write as _};

use cloakroom::inspect::{Explanation, Layer, Stored};
use serde_json::json;

use crate::{
    args::Explain,
    explain_json::explanation_json,
    failure::Failure,
    history,
    open::open,
    payloads,
    table::{printable, table, thousands},
};

pub(crate) async fn run(args: &Explain) -> Result<(), Failure> {
    if let Some(file) = &args.history.history {
        return history::run(args, file).await;
    }
    let cloakroom = open(&args.pipeline.config).await?;
    let payloads = payloads::read()?;
    let (ctx, pipeline) = (args.pipeline.context.context(), cloakroom.pipeline());
    let mut explanations = Vec::new();
    for payload in payloads {
        explanations.push(pipeline.explain(&ctx, payload).await);
    }
    let text = if args.json {
        let payloads: Vec<_> = explanations.iter().map(explanation_json).collect();
        format!("{}\n", json!({ "payloads": payloads }))
    } else {
        explanations.iter().enumerate().map(as_text).collect()
    };
    io::stdout().lock().write_all(text.as_bytes())?;
    let failed = explanations.iter().filter(|explanation| explanation.trouble.is_some()).count();
    if failed == 0 {
        return Ok(());
    }
    let text = format!("{failed} of {} payloads cannot be opened here", explanations.len());
    Err(Failure::operation(text))
}

fn as_text((slot, explanation): (usize, &Explanation)) -> String {
    let mut text = format!("payload {slot}\n");
    if let Some(stored) = &explanation.stored {
        text.push_str(&table(&stored_rows(stored)));
    }
    let rows: Vec<_> = explanation.layers.iter().map(layer_row).collect();
    text.push_str(&table(&rows));
    if let Some(error) = &explanation.trouble {
        text.push_str(&format!("  trouble: {error}\n"));
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            text.push_str(&format!("  because: {}\n", printable(&error.to_string())));
            cause = error.source();
        }
    }
    text
}

fn stored_rows(stored: &Stored) -> Vec<Vec<String>> {
    let row = |name: &str, value: String| vec![format!("{name:<9} {value}")];
    let kind = stored.kind.as_deref().map_or_else(
        || "not configured here".to_owned(),
        |kind| format!("kind {kind}, configured"),
    );
    let encoded = if stored.encoded { ", its reference encoded" } else { "" };
    let mut rows = vec![row("stored", format!("by driver `{}` ({kind}){encoded}", stored.driver))];
    for (name, value) in &stored.claim {
        rows.push(row("claim", format!("{} = {}", printable(name), printable(value))));
    }
    rows.push(row("proof", proof(stored).to_owned()));
    let size = stored.told.map_or("no size in the reference".to_owned(), |size| {
        let size = usize::try_from(size).map_or(size.to_string(), thousands);
        format!("{size} bytes by the reference")
    });
    let verified = if stored.verified {
        "the object exists, with that size and the claim's SHA-256"
    } else {
        "the object was not verified"
    };
    rows.push(row("object", format!("{size}; {verified}")));
    rows
}

fn proof(stored: &Stored) -> &'static str {
    match stored.proven {
        None => "not checked: `storage.claims` is not configured",
        Some(true) => "this pipeline's keys signed the claim",
        Some(false) => "none that is valid",
    }
}

fn layer_row(layer: &Layer) -> Vec<String> {
    let by = layer.by.as_ref().map_or("as received".to_owned(), |by| format!("by {by}"));
    let encoding = layer.encoding.clone().unwrap_or_else(|| "no encoding".to_owned());
    let key = layer.key.as_ref().map(|key| format!("key {key}")).unwrap_or_default();
    vec![by, encoding, format!("{} bytes", thousands(layer.bytes)), key]
}
