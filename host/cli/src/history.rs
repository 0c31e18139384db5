//! `explain --history`: the story of a run, from its exported history.

pub(crate) mod args;
mod cost;
mod cost_text;
mod event;
mod find_payloads;
mod read;
mod story;
mod story_json;
mod story_text;
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
    payloads::open,
};

/// Tells the story of the history in `file`.
///
/// # Errors
/// If the file is no raw history, or if a payload of it could not be opened here.
pub(crate) async fn run(args: &Explain, file: &Path) -> Result<(), Failure> {
    let cloakroom = open(&args.change.config).await?;
    let fetch = if args.history.offline { Fetch::Nothing } else { Fetch::Objects };
    let (pipeline, ctx) = (cloakroom.pipeline(), args.change.context.context());
    let story = Explainer { pipeline, ctx, fetch }.story(file).await?;
    let totals = Totals::of(&story);
    let month = Month::of(&totals, &args.history.month);
    let text = if args.json {
        format!("{}\n", story_json::report(&story, &totals, month.as_ref()))
    } else {
        let month = month.as_ref().map(cost_text::month).unwrap_or_default();
        story_text::story(&story, &totals) + &month
    };
    io::stdout().lock().write_all(text.as_bytes())?;
    let Totals { payloads, missing, unreadable, .. } = totals;
    if missing + unreadable == 0 {
        Ok(())
    } else {
        let text = format!(
            "of {payloads} payloads, {missing} would be missing and {unreadable} cannot be opened \
             here"
        );
        Err(Failure::operation(text))
    }
}
