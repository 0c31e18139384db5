//! The workflow and the activities of an app in Rust whose activities are wrapped: the example of the page
//! on Dapr.

use cloakroom::{Cloakroom, dapr::AppTexts};
use dapr_durabletask::{
    api::{DurableTaskError, Result},
    task::{ActivityContext, OrchestrationContext},
    worker::Registry,
};
use serde_json::{Value, json};

use super::rust_work::{number, parcel};

// The page has this part.
type Texts = AppTexts<DurableTaskError>;

/// Returns the texts of this app. Its pipeline is that of a configuration, without a gateway.
pub(super) fn texts(cloakroom: Cloakroom) -> Texts {
    AppTexts::new(cloakroom, "dossiers", |error| DurableTaskError::Other(error.report()))
}

/// Registers the activities, wrapped, and the workflow, as it is.
pub(super) fn register(registry: &mut Registry, texts: &Texts) {
    let instance = ActivityContext::orchestration_id;
    registry.add_named_activity("Scan", texts.activity(instance, scan));
    let own = texts.clone();
    let join = move |_, input| join(own.clone(), input);
    registry.add_named_activity("Join", texts.activity(instance, join));
    registry.add_named_orchestrator("Dossier", dossier);
}

/// Collects scans and hands them on: to this code, each is a short string.
async fn dossier(ctx: OrchestrationContext) -> Result<Option<String>> {
    let (order, mut scans) = (ctx.input::<Value>()?, Vec::new());
    for index in 0..number(&order, "count") {
        let page = json!({ "index": index, "size": order["size"] });
        let scan = ctx.call_activity("Scan", page).await?.unwrap_or_default();
        scans.push(serde_json::from_str::<Value>(&scan)?);
    }
    ctx.call_activity("Join", scans).await
}

/// Decodes each of several texts in one input.
async fn join(texts: Texts, input: Option<String>) -> Result<Option<String>> {
    let mut joined = Vec::new();
    for scan in serde_json::from_str::<Vec<Value>>(&input.unwrap_or_default())? {
        let scan = texts.decode(Some(scan.to_string())).await?.unwrap_or_default();
        joined.push(serde_json::from_str::<String>(&scan)?);
    }
    Ok(Some(json!(joined.concat()).to_string()))
}
// Here it ends.

async fn scan(_: ActivityContext, input: Option<String>) -> Result<Option<String>> {
    let page: Value = serde_json::from_str(&input.unwrap_or_default())?;
    Ok(Some(json!(parcel(number(&page, "index"), number(&page, "size"))).to_string()))
}
