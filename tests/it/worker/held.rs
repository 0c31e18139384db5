//! A workflow that waits for leave, so that a test can break something first.

use std::time::Duration;

use temporalio_macros::{workflow, workflow_methods};
use temporalio_sdk::{
    ActivityOptions, ChildWorkflowOptions, SyncWorkflowContext, WorkflowContext,
    WorkflowContextView, WorkflowResult,
};
use temporalio_workflow::RetryPolicy;

use super::workflows::{Porter, Swollen, swollen};

/// Waits for leave, and then passes its parcel, or a large text, in the way that its input names.
#[workflow]
#[derive(Default)]
pub struct Held {
    may: bool,
    waits: bool,
}

#[workflow_methods]
impl Held {
    #[run]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        (way, parcel): (String, String),
    ) -> WorkflowResult<String> {
        ctx.state_mut(|state| state.waits = true);
        ctx.wait_condition(|state| state.may).await?;
        let start_to_close = Duration::from_secs(180);
        let options = ActivityOptions::with_start_to_close_timeout(start_to_close);
        match &*way {
            "activity" => Ok(ctx.execute_activity(Porter::handle, parcel, options.build()).await?),
            "once" => {
                let once = RetryPolicy::builder().maximum_attempts(1).build();
                let options = options.retry_policy(once).build();
                Ok(ctx.execute_activity(Porter::handle, swollen(), options).await?)
            }
            "child" => {
                let id = format!("{}-child", ctx.workflow_id());
                let options = ChildWorkflowOptions::workflow_id(id);
                let child = ctx.start_child_workflow(Swollen::run, "result".to_owned(), options);
                Ok(child.await?.result().await?)
            }
            _ => Ok(parcel),
        }
    }

    #[signal]
    pub fn go(&mut self, _: &mut SyncWorkflowContext<Self>) {
        self.may = true;
    }

    #[query]
    pub fn waits(&self, _: &WorkflowContextView) -> bool {
        self.waits
    }

    /// Gives leave, and returns what it is given.
    #[update]
    pub fn release(&mut self, _: &mut SyncWorkflowContext<Self>, parcel: String) -> String {
        self.may = true;
        parcel
    }
}
