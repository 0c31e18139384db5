//! Arguments of `explain --history`.

use std::path::PathBuf;

/// History to explain, and prices to compute with.
#[derive(Debug, clap::Args)]
pub(crate) struct HistoryArgs {
    /// Explain all payloads of a history: a file of `temporal workflow show -w ID -o json` without
    /// a codec endpoint, or a download of the Web UI, or `-` for standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) history: Option<PathBuf>,
    /// Do not read stored objects: show only what the references say
    #[arg(long, requires = "history")]
    pub(crate) offline: bool,
    #[command(flatten)]
    pub(crate) month: MonthArgs,
}

/// Prices for the cost of a month. None is built in.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Cost of a month (needs --history)")]
pub(crate) struct MonthArgs {
    /// Compute the cost of N such runs a month, with and without Cloakroom
    #[arg(long, value_name = "N", requires = "history")]
    pub(crate) runs_per_month: Option<u64>,
    /// Price of one GiB in the store per month
    #[arg(long, value_name = "PRICE", requires = "runs_per_month", value_parser = price)]
    pub(crate) price_gib_month: Option<f64>,
    /// Price of one GiB of history per month
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
    price.ok_or_else(|| "expected a number such as 0.023, without a currency".to_owned())
}
