//! Command `explain --history`: all payloads of a run, from its exported history.

pub(crate) mod args;
mod cost;
mod cost_text;
pub(crate) mod event;
mod find_payloads;
pub(crate) mod read;
pub(crate) mod story;
mod story_json;
pub(crate) mod story_text;
mod totals;

use std::{
    io::{self, Write as _},
    path::Path,
};

use cloakroom::inspect::Fetch;

use crate::{
    args::Explain,
    failure::Failure,
    history::{cost::Month, story::Explainer, totals::Totals},
    open::open,
};

/// Explains all payloads of the history in `file`.
///
/// # Errors
/// If the file is not an undecoded history, or a payload in it could not be opened here.
pub(crate) async fn run(args: &Explain, file: &Path) -> Result<(), Failure> {
    let cloakroom = open(&args.pipeline.config).await?;
    let fetch = if args.history.offline { Fetch::Nothing } else { Fetch::Objects };
    let (pipeline, ctx) = (cloakroom.pipeline(), args.pipeline.context.context());
    let story = Explainer { pipeline, ctx, fetch }.read_story(file).await?;
    let totals = Totals::new(&story);
    let month = Month::new(&totals, &args.history.month);
    let text = if args.json {
        format!("{}\n", story_json::render(&story, &totals, month.as_ref()))
    } else {
        let month = month.as_ref().map(cost_text::render).unwrap_or_default();
        story_text::render(&story, &totals) + &month
    };
    io::stdout().lock().write_all(text.as_bytes())?;
    let Totals { payloads, missing, unreadable, .. } = totals;
    if missing + unreadable == 0 {
        Ok(())
    } else {
        let text = format!(
            "of {payloads} payloads, {missing} are missing and {unreadable} cannot be opened here"
        );
        Err(Failure::operation(text))
    }
}
