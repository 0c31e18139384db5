//! Steps that tests take a courier through, in whichever way its payloads are encoded.

use std::{
    fs,
    path::{Path, PathBuf},
};

use cloakroom_tests::rigs::{DevServer, temporal};
use temporalio_client::{
    Client, WorkflowExecuteUpdateOptions, WorkflowGetResultOptions, WorkflowHandle,
    WorkflowSignalOptions,
};
use temporalio_workflow::workflows::WorkflowImplementation;

use super::{Courier, until};

type CourierHandle = WorkflowHandle<Client, <Courier as WorkflowImplementation>::Run>;

/// Passes a parcel by signal, query, update, result and memo. The courier was started with it, and has it
/// in its memo.
pub(crate) async fn carries_everywhere(handle: &CourierHandle, parcel: &str) {
    let text = || parcel.to_owned();
    handle.signal(Courier::add, text(), WorkflowSignalOptions::default()).await.unwrap();
    // On a busy machine a query may be late, and a task that failed is in the way of an update.
    let look = async || match handle.query(Courier::look, (), Default::default()).await {
        Ok(seen) if seen.is_empty() => Err("nothing is carried".to_owned()),
        Ok(seen) => Ok(seen),
        Err(error) => Err(error.to_string()),
    };
    assert!(until(look).await == parcel);
    // With an id of its own: the courier ends after an update whose answer was lost, and knows it then.
    let options = WorkflowExecuteUpdateOptions::builder().update_id("revise".to_owned()).build();
    let revise = async || handle.execute_update(Courier::revise, text(), options.clone()).await;
    assert!(until(revise).await == parcel);
    let result = handle.get_result(WorkflowGetResultOptions::default()).await.unwrap();
    assert!(result == parcel.repeat(2));
    let described = handle.describe(Default::default()).await.unwrap();
    assert!(described.memo().get::<String>("note").unwrap() == Some(text()));
}

/// Objects of a folder store that can be taken away for a while.
pub(crate) struct Objects {
    pub(crate) folder: PathBuf,
    away: PathBuf,
}

impl Objects {
    /// Returns those in `folder`, which are to be in a folder of their own below it.
    pub(crate) fn below(folder: &Path) -> Self {
        Self { folder: folder.join("objects"), away: folder.join("away") }
    }

    /// Leaves an empty folder in their place.
    pub(crate) fn take_away(&self) {
        fs::rename(&self.folder, &self.away).unwrap();
        fs::create_dir(&self.folder).unwrap();
    }

    fn put_back(&self) {
        fs::remove_dir_all(&self.folder).unwrap();
        fs::rename(&self.away, &self.folder).unwrap();
    }

    /// Waits until a task of the courier is failed for want of its objects, puts them back, and waits until
    /// the courier ends with its parcel.
    pub(crate) async fn are_missed_and_found(
        &self,
        server: &DevServer,
        handle: &CourierHandle,
        parcel: &str,
    ) {
        let id = handle.info().workflow_id.clone();
        let failed = async || {
            let mut show = temporal(&server.target());
            let output = show.args(["workflow", "show", "-w", &id, "-o", "json"]).output().unwrap();
            let history = String::from_utf8_lossy(&output.stdout).into_owned();
            if history.contains("CloakroomUndecodable") {
                Ok(())
            } else {
                Err("no task was failed")
            }
        };
        until(failed).await;
        self.put_back();
        let text = parcel.to_owned();
        handle.signal(Courier::add, text, WorkflowSignalOptions::default()).await.unwrap();
        handle.execute_update(Courier::revise, String::new(), Default::default()).await.unwrap();
        let result = handle.get_result(WorkflowGetResultOptions::default()).await.unwrap();
        assert!(result.ends_with(parcel));
    }
}
