//! Arguments of `explain --history`.

use std::path::PathBuf;

/// The history to explain, and the month to compute.
#[derive(Debug, clap::Args)]
pub(crate) struct HistoryArgs {
    /// Tell the story of a run from its history, as `temporal workflow show -w ID -o json` exports it
    /// (without a codec endpoint), or as the Web UI downloads it; `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) history: Option<PathBuf>,
    /// Ask no store: tell what the references say, without knowing whether the objects are there
    #[arg(long, requires = "history")]
    pub(crate) offline: bool,
    #[command(flatten)]
    pub(crate) month: MonthArgs,
}

/// The cost of a month. No price is built in.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Cost of a month (needs --history)")]
pub(crate) struct MonthArgs {
    /// Compute what so many runs like this one write in a month, with and without Cloakroom
    #[arg(long, value_name = "N", requires = "history")]
    pub(crate) runs_per_month: Option<u64>,
    /// Price of one GiB in the store for a month
    #[arg(long, value_name = "PRICE", requires = "runs_per_month", value_parser = price)]
    pub(crate) price_gib_month: Option<f64>,
    /// Price of one GiB of history for a month
    #[arg(long, value_name = "PRICE", requires = "runs_per_month", value_parser = price)]
    pub(crate) price_history_gib_month: Option<f64>,
    /// Price of 1,000 requests that write an object
    #[arg(long, value_name = "PRICE", requires = "runs_per_month", value_parser = price)]
    pub(crate) price_put_1000: Option<f64>,
    /// Price of 1,000 requests that read an object
    #[arg(long, value_name = "PRICE", requires = "runs_per_month", value_parser = price)]
    pub(crate) price_get_1000: Option<f64>,
}

fn price(text: &str) -> Result<f64, String> {
    let price = text.parse().ok().filter(|price: &f64| price.is_finite() && *price >= 0.0);
    price.ok_or_else(|| "write a number such as 0.023, without a currency".to_owned())
}
