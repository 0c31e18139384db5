//! Answers of an app that cannot be encoded.

use cloakroom_tests::dapr_protos::{
    CompleteWorkflowAction, WorkflowAction, WorkflowResponse,
    workflow_action::WorkflowActionType::CompleteWorkflow,
};

use super::{counts::Counts, *};

const RESULT: &str = "/TaskHubSidecarService/CompleteActivityTask";
const TURN: &str = "/TaskHubSidecarService/CompleteWorkflowTask";

/// The result of an activity of the instance `one`.
fn result(task_id: i32, text: &str) -> Vec<u8> {
    let response = ActivityResponse {
        instance_id: "one".to_owned(),
        task_id,
        result: Some(text.to_owned()),
        completion_token: format!("token-{task_id}"),
        ..Default::default()
    };
    response.encode_to_vec()
}

/// The answer to a turn of an instance, which it ends with this output.
fn ended(instance: &str, output: &str) -> Vec<u8> {
    let complete = CompleteWorkflowAction { result: Some(output.to_owned()), ..Default::default() };
    let action = WorkflowAction {
        workflow_action_type: Some(CompleteWorkflow(complete)),
        ..Default::default()
    };
    let response = WorkflowResponse {
        instance_id: instance.to_owned(),
        actions: vec![action],
        ..Default::default()
    };
    response.encode_to_vec()
}

/// Puts a file in the place of a folder of objects, so that nothing can be stored.
fn broken(objects: &Path, away: &Path) {
    fs::rename(objects, away).unwrap();
    fs::write(objects, "").unwrap();
}

fn mended(objects: &Path, away: &Path) {
    fs::remove_file(objects).unwrap();
    fs::rename(away, objects).unwrap();
}

/// The call of the app succeeds. The sidecar gets a failure with the reason.
#[tokio::test]
async fn a_result_that_cannot_be_encoded_fails_its_activity() {
    let folder = tempfile::tempdir().unwrap();
    let objects = folder.path().join("objects");
    fs::create_dir(&objects).unwrap();
    let table = "hold_time = \"1ms\"\n";
    let mut served = Served::limited(&objects, "payload = \"190KiB\"\n", table).await;
    // The first is larger than a payload may be. The second finds no store, and there is no time to wait.
    for (task, size, reason) in [(7, 200_000, "190KiB"), (8, 180_000, "local")] {
        if task == 8 {
            broken(&objects, &folder.path().join("away"));
        }
        let answer = served.app.call(RESULT, &result(task, &parcel(size))).await;
        assert_eq!(answer.code, "0", "{}", answer.message);
        let failed = ActivityResponse::decode(served.sidecar.next(RESULT).await.message).unwrap();
        assert_eq!((&*failed.instance_id, failed.task_id), ("one", task));
        assert_eq!((&*failed.completion_token, failed.result), (&*format!("token-{task}"), None));
        let failure = failed.failure_details.unwrap();
        assert_eq!(failure.error_type, "CloakroomNotEncoded");
        let said = failure.error_message;
        assert!(said.contains(reason) && !said.contains(CANARY), "{said}");
    }
}

/// Results and turns wait for a store that comes back, and others go on. Nothing fails.
#[tokio::test]
async fn answers_wait_for_their_store() {
    let mut counts = Counts::record();
    let folder = tempfile::tempdir().unwrap();
    let (objects, away) = (folder.path().join("objects"), folder.path().join("away"));
    fs::create_dir(&objects).unwrap();
    let mut served = Served::start(&objects, "hold_time = \"10m\"\n").await;
    broken(&objects, &away);
    let (app, sidecar, gateway, settings) =
        (&served.app, &mut served.sidecar, &served.gateway, &served.settings);
    let (one, two) = (parcel(300_000), parcel(301_000));
    let (answer, turn) = (result(7, &one), ended("other", &two));
    let answers = async { tokio::join!(app.call(RESULT, &answer), app.call(TURN, &turn)) };
    let mending = async {
        counts.held(2).await;
        let small = result(9, "1");
        assert_eq!(app.call(RESULT, &small).await.code, "0");
        let got = ActivityResponse::decode(sidecar.next(RESULT).await.message).unwrap();
        assert_eq!(got.task_id, 9);
        assert!(sidecar.is_silent());
        mended(&objects, &away);
        // Whoever waits tries again at once.
        gateway.swap(settings).unwrap();
    };
    let ((result, turn), ()) = tokio::join!(answers, mending);
    for (answer, text) in [(result, &one), (turn, &two)] {
        assert_eq!(answer.code, "0", "{}", answer.message);
        let found = answer.body.windows(CANARY.len()).any(|part| part == CANARY.as_bytes());
        assert!(!found && answer.body.len() < text.len() / 10, "it was not encoded");
    }
    counts.held(0).await;
}

/// The answer to a turn that was delivered again answers the older delivery, and another waits for it.
#[tokio::test]
async fn an_answer_to_an_older_delivery_is_not_sent() {
    let mut counts = Counts::record();
    let folder = tempfile::tempdir().unwrap();
    let (objects, away) = (folder.path().join("objects"), folder.path().join("away"));
    fs::create_dir(&objects).unwrap();
    let mut served = Served::start(&objects, "hold_time = \"10m\"\n").await;
    let mut items = served.app.stream(&format!("{SERVICE}/GetWorkItems")).await;
    let mut sent = served.sidecar.stream().await;
    broken(&objects, &away);
    let (app, gateway, settings) = (&served.app, &served.gateway, &served.settings);
    let older = ended("one", &parcel(300_000));
    let waiting = app.call(TURN, &older);
    let delivering = async {
        counts.held(1).await;
        sent.send(&turn("one", "1"));
        assert_eq!(item(items.next().await), turn("one", "1"));
        mended(&objects, &away);
        gateway.swap(settings).unwrap();
    };
    let (older, ()) = tokio::join!(waiting, delivering);
    assert_ne!(older.code, "0", "it was sent");
    let newer = app.call(TURN, &ended("one", &parcel(300_000))).await;
    assert_eq!(newer.code, "0", "{}", newer.message);
    served.sidecar.next(TURN).await;
    assert!(served.sidecar.is_silent());
}
