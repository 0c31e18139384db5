//! Arguments of the commands of `plugin`.

use clap::Subcommand;

use super::{help, packaging::args::Packaging};
use crate::args::parse_setting;

/// Commands of `plugin`.
#[derive(Debug, Subcommand)]
pub(crate) enum Plugin {
    /// Check a plugin against the rules that every plugin must keep
    #[command(after_help = help::CHECK)]
    Check(Check),
    #[command(flatten)]
    Packaging(Packaging),
}

/// A plugin and its settings.
#[derive(Debug, clap::Args)]
pub(crate) struct PluginArgs {
    /// Path of the plugin, or `bundled:NAME`
    #[arg(value_name = "PLUGIN")]
    pub(crate) plugin: String,
    /// Setting of the plugin, such as level=3
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = parse_setting)]
    pub(crate) settings: Vec<(String, String)>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) plugin: PluginArgs,
}
