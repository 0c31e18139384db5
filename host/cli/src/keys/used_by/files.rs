//! Reads exported histories.

use cloakroom::Context;
use tokio::sync::mpsc;

use super::{evidence::Sighting, tasks::Tasks};
use crate::{
    failure::Failure,
    history::{
        event::{Event, EventPayload, Run},
        read,
        story::open,
    },
    keys::args::UsedBy,
};

/// Events that are read ahead.
const READ_AHEAD: usize = 4;

/// Reads all files, event by event.
///
/// # Errors
/// If a file is not an undecoded history, or several namespaces are named.
pub(super) async fn read(args: &UsedBy, tasks: &mut Tasks) -> Result<(), Failure> {
    let namespace = match &*args.namespaces {
        [] => None,
        [one] => Some(one),
        _ => {
            let text = "exported histories belong to one namespace: name it alone, and read the \
                        others by another call";
            return Err(Failure::usage(text));
        }
    };
    let ctx = namespace.map_or_else(Context::none, Context::namespace);
    let namespace = namespace.cloned().unwrap_or_default();
    for file in &args.histories {
        let text = open(file)?;
        let (sender, mut events) = mpsc::channel(READ_AHEAD);
        let reading = tokio::task::spawn_blocking(move || {
            read::events(text, |event| sender.blocking_send(Event::parse(event)).is_ok())
        });
        let mut run = Run::default();
        while let Some(event) = events.recv().await {
            let Event { kind, run: named, time, payloads, .. } = event?;
            run = named.unwrap_or(run);
            for EventPayload { field, search_attribute, payload } in payloads {
                // No codec changes it.
                if search_attribute {
                    continue;
                }
                let sighting = Sighting {
                    namespace: namespace.clone(),
                    kind: "run",
                    id: run.workflow_id.clone().unwrap_or_default(),
                    run: run.run_id.clone().unwrap_or_default(),
                    is_open: false,
                    field: format!("{kind}.{field}"),
                    time: time.clone(),
                };
                tasks.start(ctx.clone(), sighting, payload).await?;
            }
        }
        reading.await.map_err(Failure::operation)??;
        tasks.evidence.add_read(&namespace, "exported history");
    }
    tasks.settle().await
}
