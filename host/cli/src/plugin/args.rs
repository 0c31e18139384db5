//! Arguments of the commands of `plugin`.

use std::path::PathBuf;

use clap::Subcommand;
use cloakroom::ByteSize;

use super::{help, packaging::args::Packaging};
use crate::setting_arg::parse_setting;

/// Commands of `plugin`.
#[derive(Debug, Subcommand)]
pub(crate) enum Plugin {
    /// Check a plugin against the rules that every plugin must keep
    #[command(after_help = help::CHECK)]
    Check(Check),
    /// Make a component of a core module, as compilers of C and Go write it
    #[command(after_help = help::COMPONENT)]
    Component(Component),
    /// Run one call of a plugin, with --trace showing all that it does
    #[command(after_help = help::RUN)]
    Run(Run),
    /// Measure a plugin beside the bundled ones of the same purpose
    #[command(after_help = help::BENCH)]
    Bench(Bench),
    #[command(flatten)]
    Packaging(Packaging),
}

/// A plugin, its settings and its grants.
#[derive(Debug, clap::Args)]
pub(crate) struct PluginArgs {
    /// Path of the plugin, or `bundled:NAME`
    #[arg(value_name = "PLUGIN")]
    pub(crate) plugin: String,
    /// Setting of the plugin, such as level=3; its value also names what is made up: keys, a bucket, a service, a secret
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = parse_setting)]
    pub(crate) settings: Vec<(String, String)>,
    /// Configuration whose stage or driver with this plugin gives its settings and grants
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) plugin: PluginArgs,
    /// Try only this rule; may be given several times
    #[arg(long, value_name = "RULE")]
    pub(crate) only: Vec<String>,
    /// Seed of the inputs
    #[arg(long, value_name = "NUMBER", default_value_t = cloakroom_conformance::DEFAULT_SEED)]
    pub(crate) seed: u64,
    /// Size of the largest input
    #[arg(long, value_name = "SIZE", default_value_t = cloakroom_conformance::DEFAULT_LARGEST)]
    pub(crate) largest: ByteSize,
    /// Accept that the driver gives another claim for an object that is stored again
    #[arg(long)]
    pub(crate) claims_differ: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Also write a report as JUnit XML
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) plugin: PluginArgs,
    #[command(flatten)]
    pub(crate) call: Call,
    /// File with the input, instead of standard input
    #[arg(value_name = "INPUT")]
    pub(crate) input: Option<PathBuf>,
    /// Show log, calls of the host, memory, and where the plugin trapped
    #[arg(long)]
    pub(crate) trace: bool,
}

/// Call of a plugin.
#[derive(Clone, Copy, Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Call {
    /// Encode payloads (Payloads JSON) with a codec
    #[arg(long)]
    pub(crate) encode: bool,
    /// Decode payloads (Payloads JSON) with a codec
    #[arg(long)]
    pub(crate) decode: bool,
    /// Store the input as one payload with a driver, and print its claim (JSON)
    #[arg(long)]
    pub(crate) store: bool,
    /// Retrieve the payload of a claim (JSON) with a driver
    #[arg(long)]
    pub(crate) retrieve: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Bench {
    #[command(flatten)]
    pub(crate) plugin: PluginArgs,
    /// Size of the payloads; may be given several times
    #[arg(long, value_name = "SIZE", default_values = ["1KiB", "64KiB", "1MiB"])]
    pub(crate) size: Vec<ByteSize>,
    /// Calls for each figure, which is their median
    #[arg(long, value_name = "NUMBER", default_value = "30")]
    pub(crate) calls: std::num::NonZeroUsize,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Also draw the figures as an SVG picture
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
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
