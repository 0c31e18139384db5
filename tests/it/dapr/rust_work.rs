//! The workflows and activities of the app in Rust.

use std::{
    collections::HashMap,
    fmt::Write as _,
    sync::{Arc, Mutex},
};

use aws_lc_rs::digest::{SHA256, digest};
use dapr_durabletask::{
    api::{DurableTaskError, Result},
    proto_public::{HistoryEvent, history_event::EventType},
    task::{ActivityContext, OrchestrationContext},
    worker::Registry,
};
use serde_json::{Value, json};

use crate::gateway::canary::CANARY;

/// Activities that ran, by instance.
pub(super) type Ran = Arc<Mutex<HashMap<String, u64>>>;

/// Returns a number of a command or an order, or zero.
pub(super) fn number(value: &Value, key: &str) -> usize {
    value[key].as_u64().unwrap_or(0) as usize
}

/// Makes a text in the same way as every other app.
pub(super) fn parcel(index: usize, size: usize) -> String {
    let mut text = format!("{}-{index}-", CANARY);
    for i in 0.. {
        if text.len() >= size {
            break;
        }
        for byte in digest(&SHA256, format!("{index}-{i}").as_bytes()).as_ref() {
            write!(text, "{byte:02x}").unwrap();
        }
    }
    text.truncate(size);
    text
}

/// Registers the workflows and the activities.
pub(super) fn register(registry: &mut Registry, ran: Ran) {
    registry.add_named_orchestrator("Pile", pile);
    registry.add_named_orchestrator("Child", child);
    registry.add_named_orchestrator("Tour", tour);
    registry.add_named_orchestrator("Heir", heir);
    registry.add_named_activity("Chunk", move |_, input| chunk(ran.clone(), input));
    registry.add_named_activity("Refuse", refuse);
}

async fn chunk(ran: Ran, input: Option<String>) -> Result<Option<String>> {
    let order = read(input)?;
    let of = order["of"].as_str().unwrap_or_default().to_owned();
    *ran.lock().unwrap().entry(of).or_default() += 1;
    Ok(Some(json!(parcel(number(&order, "index"), number(&order, "size"))).to_string()))
}

async fn refuse(_: ActivityContext, _: Option<String>) -> Result<Option<String>> {
    Err(DurableTaskError::Other("refused on purpose".into()))
}

fn read(json: Option<String>) -> Result<Value> {
    Ok(serde_json::from_str(&json.unwrap_or_default())?)
}

/// Returns how many of `count` activities returned what they should.
async fn pile(ctx: OrchestrationContext) -> Result<Option<String>> {
    let order: Value = ctx.input()?;
    let (size, mut right) = (number(&order, "size"), 0);
    for index in 0..number(&order, "count") {
        let part = json!({ "of": &*ctx.instance_id(), "index": index, "size": size });
        let text = read(ctx.call_activity("Chunk", part).await?)?;
        right += usize::from(text == parcel(index, size).as_str());
    }
    Ok(Some(json!({ "right": right }).to_string()))
}

async fn child(ctx: OrchestrationContext) -> Result<Option<String>> {
    let order: Value = ctx.input()?;
    ctx.call_activity("Chunk", order).await
}

/// Takes each way of a payload once, and returns the names of those that brought the right one.
async fn tour(ctx: OrchestrationContext) -> Result<Option<String>> {
    let order: Value = ctx.input()?;
    let size = number(&order, "size");
    let mut right: Vec<Value> = order["right"].as_array().cloned().unwrap_or_default();
    if let Some(carried) = order.get("carried") {
        if *carried == parcel(9, size).as_str() {
            right.push("carried".into());
        }
        ctx.set_custom_status("done");
        return Ok(Some(json!({ "right": right }).to_string()));
    }
    let part = json!({ "index": 7, "size": size });
    if read(ctx.call_sub_orchestrator("Child", part, None).await?)? == parcel(7, size).as_str() {
        right.push("child".into());
    }
    let refused = ctx.call_activity("Refuse", json!({ "note": parcel(6, size) })).await;
    if refused.is_err_and(|error| error.to_string().contains("refused on purpose")) {
        right.push("failure".into());
    }
    ctx.set_custom_status("waits");
    if read(ctx.wait_for_external_event("note").await?)? == parcel(8, size).as_str() {
        right.push("event".into());
    }
    let carried = parcel(9, size);
    ctx.continue_as_new(json!({ "size": size, "right": right, "carried": carried }), false);
    Ok(None)
}

/// Returns whether it reads the result of the activity in the history that it got, and how that begins.
async fn heir(ctx: OrchestrationContext) -> Result<Option<String>> {
    let order: Value = ctx.input()?;
    let history = ctx.propagated_history();
    let result = history.iter().flat_map(|history| &history.events).find_map(result);
    let text: String = serde_json::from_str(result.unwrap_or(r#""no result""#))?;
    let read = text == parcel(number(&order, "index"), number(&order, "size"));
    Ok(Some(json!({ "read": read, "begins": &text[..text.len().min(24)] }).to_string()))
}

fn result(event: &HistoryEvent) -> Option<&str> {
    match &event.event_type {
        Some(EventType::TaskCompleted(done)) => done.result.as_deref(),
        _ => None,
    }
}
