//! Workflows that carry what they are given, in every way there is.

use std::time::Duration;

use temporalio_macros::{activities, workflow, workflow_methods};
use temporalio_sdk::{
    ActivityOptions, ApplicationFailure, ChildWorkflowOptions, ContinueAsNewOptions,
    LocalActivityOptions, SyncWorkflowContext, WorkflowContext, WorkflowContextView,
    WorkflowResult,
    activities::{ActivityContext, ActivityError},
};

/// Through an activity and a child, and then until it has been signalled and revised.
#[workflow]
#[derive(Default)]
pub struct Courier {
    carried: Option<String>,
    signalled: Option<String>,
    revised: bool,
}

#[workflow_methods]
impl Courier {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, parcel: String) -> WorkflowResult<String> {
        let handled = ctx.execute_activity(Porter::handle, parcel, options()).await?;
        let id = format!("{}-child", ctx.workflow_id());
        let child =
            ctx.start_child_workflow(Helper::run, handled, ChildWorkflowOptions::workflow_id(id));
        let carried = child.await?.result().await?;
        ctx.state_mut(|state| state.carried = Some(carried));
        ctx.wait_condition(|state| state.signalled.is_some() && state.revised).await?;
        let both = |state: &Self| [state.carried.clone(), state.signalled.clone()];
        Ok(ctx.state(both).into_iter().flatten().collect())
    }

    #[signal]
    pub fn add(&mut self, _: &mut SyncWorkflowContext<Self>, parcel: String) {
        self.signalled = Some(parcel);
    }

    #[query]
    pub fn look(&self, _: &WorkflowContextView) -> String {
        self.carried.clone().unwrap_or_default()
    }

    /// Waits for the child's result, also if somebody has seen it before. A worker that replays takes
    /// the task with that result, which made no command, and the task with the update for one, in which
    /// updates come first.
    #[update]
    pub async fn revise(ctx: &mut WorkflowContext<Self>, parcel: String) -> String {
        let _ = ctx.wait_condition(|state| state.carried.is_some()).await;
        ctx.state_mut(|state| {
            state.revised = true;
            state.carried.replace(parcel).unwrap_or_default()
        })
    }
}

/// A child that hands back what it is given.
#[workflow]
#[derive(Default)]
pub struct Helper;

#[workflow_methods]
impl Helper {
    #[run]
    pub async fn run(_: &mut WorkflowContext<Self>, parcel: String) -> WorkflowResult<String> {
        Ok(parcel)
    }
}

/// Waits for leave between an activity and its result.
#[workflow]
#[derive(Default)]
pub struct Waiting {
    may: bool,
    waits: bool,
}

#[workflow_methods]
impl Waiting {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, parcel: String) -> WorkflowResult<String> {
        let first = ctx.execute_activity(Porter::handle, parcel, options()).await?;
        ctx.state_mut(|state| state.waits = true);
        ctx.wait_condition(|state| state.may).await?;
        let second = ctx.execute_activity(Porter::handle, first, options()).await?;
        Ok(second)
    }

    #[signal]
    pub fn go(&mut self, _: &mut SyncWorkflowContext<Self>) {
        self.may = true;
    }

    #[query]
    pub fn waits(&self, _: &WorkflowContextView) -> bool {
        self.waits
    }
}

/// Begins again so many times.
#[workflow]
#[derive(Default)]
pub struct Again;

#[workflow_methods]
impl Again {
    #[run]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        (left, parcel): (u32, String),
    ) -> WorkflowResult<String> {
        if left > 0 {
            ctx.continue_as_new((left - 1, parcel.clone()), ContinueAsNewOptions::default())?;
        }
        Ok(parcel)
    }
}

/// Fails as its activity does.
#[workflow]
#[derive(Default)]
pub struct Failing;

#[workflow_methods]
impl Failing {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, parcel: String) -> WorkflowResult<String> {
        Ok(ctx.execute_activity(Porter::fail, parcel, options()).await?)
    }
}

/// Makes three megabytes, and passes them in the way that its input names.
#[workflow]
#[derive(Default)]
pub struct Swollen {
    ends: bool,
}

#[workflow_methods]
impl Swollen {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, way: String) -> WorkflowResult<String> {
        match &*way {
            "result" => return Ok(swollen()),
            "input" => {
                ctx.execute_activity(Porter::handle, swollen(), options()).await?;
            }
            _ => ctx.wait_condition(|state| state.ends).await?,
        }
        Ok(way)
    }

    #[query]
    pub fn look(&self, _: &WorkflowContextView) -> String {
        swollen()
    }

    #[signal]
    pub fn end(&mut self, _: &mut SyncWorkflowContext<Self>) {
        self.ends = true;
    }
}

/// The same each time, as a workflow's code must be.
pub fn swollen() -> String {
    hex::encode(cloakroom_tests::noise(1_500_000))
}

/// Gives back so many characters that do not get small.
#[workflow]
#[derive(Default)]
pub struct Grown;

#[workflow_methods]
impl Grown {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, size: u32) -> WorkflowResult<String> {
        Ok(ctx.execute_activity(Porter::grow, size, options()).await?)
    }
}

/// Fills its history with so many results of so many characters, ten at a time, and counts them.
#[workflow]
#[derive(Default)]
pub struct Filled;

#[workflow_methods]
impl Filled {
    #[run]
    pub async fn run(
        ctx: &mut WorkflowContext<Self>,
        (results, size): (u32, u32),
    ) -> WorkflowResult<usize> {
        let mut total = 0;
        for _ in 0..results / 10 {
            let grown: Vec<_> =
                (0..10).map(|_| ctx.execute_activity(Porter::grow, size, options())).collect();
            for one in grown {
                total += one.await?.len();
            }
        }
        Ok(total)
    }
}

/// Has an activity of another worker's, in another language, do the work.
#[workflow]
#[derive(Default)]
pub struct ToPython;

#[workflow_methods]
impl ToPython {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, parcel: String) -> WorkflowResult<String> {
        Ok(ctx.execute_activity(Python::echo, parcel, options()).await?)
    }
}

/// Activities of the Python worker, declared for calls from here. No Rust worker registers them.
pub struct Python;

#[activities]
impl Python {
    #[activity(name = "py_echo")]
    pub async fn echo(_: ActivityContext, _: String) -> Result<String, ActivityError> {
        Err(ApplicationFailure::new("this is Python's").into())
    }
}

/// Through an activity that fails once and finds in its heartbeat what it was given, and a local one.
#[workflow]
#[derive(Default)]
pub struct Stumbling;

#[workflow_methods]
impl Stumbling {
    #[run]
    pub async fn run(ctx: &mut WorkflowContext<Self>, parcel: String) -> WorkflowResult<String> {
        let found = ctx.execute_activity(Porter::stumble, parcel, options()).await?;
        let local = LocalActivityOptions::builder();
        let local = local.start_to_close_timeout(Duration::from_secs(180)).build();
        Ok(ctx.execute_local_activity(Porter::handle, found, local).await?)
    }
}

fn options() -> ActivityOptions {
    ActivityOptions::start_to_close_timeout(Duration::from_secs(180))
}

/// Hands on what it is given.
pub struct Porter;

#[activities]
impl Porter {
    #[activity]
    pub async fn handle(_: ActivityContext, parcel: String) -> Result<String, ActivityError> {
        Ok(parcel)
    }

    /// Fails on the first attempt, with its input in the heartbeat. Returns it on the second.
    #[activity]
    pub async fn stumble(ctx: ActivityContext, parcel: String) -> Result<String, ActivityError> {
        match ctx.heartbeat_details().deserialize::<String>()? {
            Some(found) => Ok(found),
            None => {
                ctx.record_heartbeat(parcel).await?;
                Err(ApplicationFailure::new("stumbled").into())
            }
        }
    }

    #[activity]
    pub async fn grow(_: ActivityContext, size: u32) -> Result<String, ActivityError> {
        Ok(hex::encode(cloakroom_tests::noise(size as usize / 2)))
    }

    /// The message and the details are what it was given.
    #[activity]
    pub async fn fail(_: ActivityContext, parcel: String) -> Result<String, ActivityError> {
        let message = format!("cannot carry {}", &parcel[..100]);
        Err(ApplicationFailure::builder(message).non_retryable(true).details(parcel).build().into())
    }
}
