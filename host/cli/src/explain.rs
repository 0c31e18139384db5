//! `explain`: what a payload is and where it lies, without showing what it holds.

use std::io::{self, Read as _, Write as _};

use cloakroom::{
    inspect::{Explanation, Layer, Stored},
    temporal::json as payloads_json,
};
use serde_json::{Value, json};

use crate::{
    args::Explain,
    failure::Failure,
    history,
    payloads::{open, unread},
    table::{printable, table, thousands},
};

pub(crate) async fn run(args: &Explain) -> Result<(), Failure> {
    if let Some(file) = &args.history.history {
        return history::run(args, file).await;
    }
    let mut text = Vec::new();
    io::stdin().lock().read_to_end(&mut text)?;
    let payloads = payloads_json::read(&text).map_err(unread)?;
    let cloakroom = open(&args.change.config).await?;
    let (ctx, pipeline) = (args.change.context.context(), cloakroom.pipeline());
    let mut explanations = Vec::new();
    for payload in payloads {
        explanations.push(pipeline.explain(&ctx, payload).await);
    }
    let text = match args.json {
        true => {
            let payloads: Vec<_> = explanations.iter().map(as_json).collect();
            format!("{}\n", json!({ "payloads": payloads }))
        }
        false => explanations.iter().enumerate().map(as_text).collect(),
    };
    io::stdout().lock().write_all(text.as_bytes())?;
    match explanations.iter().any(|explanation| explanation.trouble.is_some()) {
        true => Err(Failure::operation("not every payload can be opened here")),
        false => Ok(()),
    }
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
    let told = stored.told.map_or("no size is told".to_owned(), |size| {
        format!("{} bytes are told", usize::try_from(size).map_or(size.to_string(), thousands))
    });
    let verified = match stored.verified {
        true => "the object is there, with that size and the claim's SHA-256",
        false => "the object was not verified",
    };
    rows.push(row("object", format!("{told}; {verified}")));
    rows
}

fn proof(stored: &Stored) -> &'static str {
    match stored.proven {
        None => "not checked: `storage.claims` is not configured",
        Some(true) => "this pipeline's keys wrote the claim",
        Some(false) => "none that holds",
    }
}

fn layer_row(layer: &Layer) -> Vec<String> {
    let by = layer.by.as_ref().map_or("as it came".to_owned(), |by| format!("by {by}"));
    let encoding = layer.encoding.clone().unwrap_or_else(|| "no encoding".to_owned());
    let key = layer.key.as_ref().map(|key| format!("key {key}")).unwrap_or_default();
    vec![by, encoding, format!("{} bytes", thousands(layer.bytes)), key]
}

fn as_json(explanation: &Explanation) -> Value {
    let stored = explanation.stored.as_ref().map(stored_json);
    let trouble = explanation.trouble.as_ref().map(ToString::to_string);
    json!({ "layers": layers_json(explanation), "stored": stored, "trouble": trouble })
}

/// The layers of a payload, outside in.
pub(crate) fn layers_json(explanation: &Explanation) -> Value {
    let layer = |layer: &Layer| {
        json!({
            "by": layer.by,
            "encoding": layer.encoding,
            "bytes": layer.bytes,
            "key": layer.key,
            "metadata": layer.metadata,
        })
    };
    explanation.layers.iter().map(layer).collect()
}

/// Where an object is stored.
pub(crate) fn stored_json(stored: &Stored) -> Value {
    json!({
        "driver": stored.driver,
        "kind": stored.kind,
        "referenceEncoded": stored.encoded,
        "claim": stored.claim,
        "toldBytes": stored.told,
        "proven": stored.proven,
        "verified": stored.verified,
    })
}
