//! Arguments of the commands of `plugin`.

use std::path::PathBuf;

use clap::Subcommand;

use super::help;
use crate::args::parse_setting;

/// Commands of `plugin`.
#[derive(Debug, Subcommand)]
pub(crate) enum Plugin {
    /// Check a plugin against the rules that every plugin must keep
    #[command(after_help = help::CHECK)]
    Check(Check),
    /// Make a component of a core module, as compilers of C and Go write it
    #[command(after_help = help::COMPONENT)]
    Component(Component),
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

#[derive(Debug, clap::Args)]
pub(crate) struct Component {
    /// Core module
    #[arg(value_name = "CORE.wasm")]
    pub(crate) core: PathBuf,
    /// File to write
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// World that the module was written for, unless the module says it
    #[arg(long)]
    pub(crate) world: Option<String>,
    /// Folder of the WIT package that has the world, instead of this version's contract
    #[arg(long, value_name = "FOLDER", requires = "world")]
    pub(crate) wit: Option<PathBuf>,
    /// Answer imports of WASI preview 1 inside of the component: no files, no randomness, and a clock
    /// that only counts
    #[arg(long)]
    pub(crate) stub_wasi: bool,
    /// Answer the imports of a module with an adapter, such as wasi_snapshot_preview1=adapter.wasm
    #[arg(long = "adapt", value_name = "MODULE=FILE", value_parser = parse_adapter)]
    pub(crate) adapters: Vec<Adapter>,
}

/// An adapter, and the module whose imports it answers.
#[derive(Clone, Debug)]
pub(crate) struct Adapter {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
}

fn parse_adapter(text: &str) -> Result<Adapter, String> {
    let (name, path) = text.split_once('=').ok_or("expected MODULE=FILE")?;
    Ok(Adapter { name: name.to_owned(), path: path.into() })
}
