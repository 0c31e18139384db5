//! Kinds of calls to a sidecar that are measured, with a stub in its place.

pub(crate) mod stub;
pub(crate) mod turns;

use cloakroom_tests::dapr_protos::ActivityResponse;
use prost::Message as _;

use crate::{messages, story::Story};

/// The app, which is the namespace of its payloads.
pub(crate) const APP: &str = "bench";

pub(crate) const SERVICE: &str = "TaskHubSidecarService";

const KB: usize = 1000;

/// Returns all kinds, and those alone whose title holds a text.
pub(crate) fn stories(filter: &str) -> Vec<Story> {
    let all = [
        call("1 caller, 1 kB that passes", KB, 1, 1000).passing(),
        call("16 callers, 1 kB that passes", KB, 16, 4800).passing(),
        call("1 caller, result of 1 kB", KB, 1, 1000),
        call("16 callers, result of 1 kB", KB, 16, 4800),
        call("1 caller, result of 100 kB", 100 * KB, 1, 300),
        call("16 callers, result of 100 kB", 100 * KB, 16, 640),
        call("turns with 20 results of 1 kB", KB, 1, 300).turns(20),
        call("turns with 20 results of 100 kB", 100 * KB, 1, 40).turns(20),
    ];
    all.into_iter().filter(|story| story.name.contains(filter)).collect()
}

/// Returns the call by which an app hands over the result of an activity.
fn call(name: &'static str, size: usize, callers: usize, calls: usize) -> Story {
    let request = messages::framed(&result(APP, 0, size), false);
    Story::of_dapr(name, SERVICE, "CompleteActivityTask", request, (callers, calls, size))
}

/// Returns the message with the result of an activity.
pub(crate) fn result(instance: &str, task: i32, size: usize) -> Vec<u8> {
    let result = messages::json(size, task.unsigned_abs() as usize);
    let instance_id = instance.to_owned();
    let response =
        ActivityResponse { instance_id, task_id: task, result: Some(result), ..Default::default() };
    response.encode_to_vec()
}
