//! Histories of instances that began before this gateway: asked of the sidecar in the background.

use std::{sync::Arc, time::Duration};

use cloakroom_grpc::{deadline::GRPC_TIMEOUT, proxy::Connection};
use http::HeaderMap;
use tokio::time::timeout;

use super::sidecar::Sidecar;
use crate::Exchange;

/// Time in which the sidecar answers.
const TIME: Duration = Duration::from_secs(10);

/// Asks for the history of an instance, unless many are asked for already. Without it, the size of the
/// instance's next dispatch is not predicted, and nothing else is lost.
pub(super) fn learn(
    connection: &Arc<Connection<Sidecar>>,
    mut headers: HeaderMap,
    instance: String,
) {
    let connection = connection.clone();
    let Ok(permit) = connection.proxy.protocol.histories.clone().try_acquire_owned() else {
        return;
    };
    headers.remove(GRPC_TIMEOUT);
    tokio::spawn(async move {
        let _permit = permit;
        let sidecar = &connection.proxy.protocol;
        let (path, message) = Exchange::history_request(&instance);
        let memory = sidecar.pipeline().memory().admit().await;
        let max = sidecar.settings().message;
        let asking = connection.ask(path, headers, message, max, &memory);
        match timeout(TIME, asking).await {
            Ok(Ok(history)) => sidecar.exchange.learn_history(&instance, &history),
            Ok(Err(status)) => {
                let error = status.message;
                tracing::debug!(target: "cloakroom::dapr", error, "cannot read a history");
            }
            Err(_) => tracing::debug!(target: "cloakroom::dapr", "a history took too long"),
        }
    });
}
