//! Arguments of the command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Parser, Subcommand, ValueEnum};
use cloakroom::{Context, pipeline::Kind, plugin::Processor, temporal::server::Address};

use crate::{
    help,
    history::args::HistoryArgs,
    keys::args::Keys,
    lock::{self, Lock},
    new::args::New,
    plugin::args::Plugin,
    setting_arg::parse_setting,
};

/// Compress, encrypt and store the payloads of durable workflows, with sandboxed plugins.
#[derive(Debug, Parser)]
#[command(
    name = "cloakroom",
    version,
    after_help = help::OVERVIEW,
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Compress, encrypt and store a sample payload with three sandboxed plugins, and read it back
    #[command(after_help = help::DEMO)]
    Demo(Demo),
    /// Encode payloads from standard input to standard output
    #[command(after_help = help::ENCODE)]
    Encode(PipelineArgs),
    /// Decode payloads from standard input to standard output
    #[command(after_help = help::DECODE)]
    Decode(PipelineArgs),
    /// Check a configuration by loading it, and with --stores by using its stores
    #[command(after_help = help::CHECK)]
    Check(Check),
    /// Show stages, keys and stored objects of payloads or of a history, without contents
    #[command(after_help = help::EXPLAIN)]
    Explain(Explain),
    /// Serve a codec server for Temporal's Web UI and command line
    #[command(after_help = help::CODEC_SERVER)]
    CodecServer(CodecServer),
    /// Serve a gRPC gateway between a workflow engine and its workers and clients
    #[command(subcommand)]
    Gateway(Gateway),
    /// Compile the plugins of a configuration in advance
    #[command(after_help = help::COMPILE)]
    Compile(Compile),
    /// Compile the component on standard input for the process that asks for it
    #[command(hide = true)]
    CompileOne(CompileOne),
    /// Show the digest, imports and needed grants of a plugin
    #[command(after_help = help::INSPECT)]
    Inspect(Inspect),
    /// Show, check and rotate keys, and find out which are still needed
    #[command(subcommand)]
    Keys(Keys),
    /// Pin the plugins of a configuration, and record what was accepted of each
    #[command(after_help = lock::HELP)]
    Lock(Lock),
    /// Write a complete small repository for a plugin of your own
    #[command(after_help = help::NEW)]
    New(New),
    /// Check plugins, and work with them
    #[command(subcommand)]
    Plugin(Plugin),
}

#[derive(Debug, clap::Args)]
pub(crate) struct CodecServer {
    /// Configuration file with the pipeline and [codec_server]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Address to listen on, instead of `codec_server.listen` (default 127.0.0.1:8081)
    #[arg(long, value_name = "ADDRESS:PORT|unix:PATH")]
    pub(crate) listen: Option<Address>,
    /// Format of the log on standard error
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log: LogFormat,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Gateway {
    /// Encode and decode the payloads between Temporal's frontend and workers on any SDK
    #[command(after_help = help::GATEWAY_TEMPORAL)]
    Temporal(TemporalGateway),
    /// Encode and decode the payloads of workflows between Dapr's sidecar and its app
    #[command(after_help = help::GATEWAY_DAPR)]
    Dapr(DaprGateway),
}

#[derive(Debug, clap::Args)]
pub(crate) struct DaprGateway {
    /// Configuration file with the pipeline and [gateway.dapr]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Address to listen on, instead of `gateway.dapr.listen` (default 127.0.0.1:3551)
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// Format of the log on standard error
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log: LogFormat,
}

#[derive(Debug, clap::Args)]
pub(crate) struct TemporalGateway {
    /// Configuration file with the pipeline and [gateway.temporal]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Address to listen on, instead of `gateway.temporal.listen` (default 127.0.0.1:7243)
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub(crate) listen: Option<SocketAddr>,
    /// Format of the log on standard error
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log: LogFormat,
}

/// Format of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people
    Text,
    /// One JSON object per line
    Json,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Compile {
    /// Configuration file that names the plugins
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Folder for the machine code, instead of `cache.folder` or the user's cache
    #[arg(long, value_name = "FOLDER")]
    pub(crate) into: Option<PathBuf>,
    /// Oldest processor that the code must run on: this, any, x86-64-v2, x86-64-v3 or x86-64-v4
    #[arg(long, value_name = "NAME", default_value = "this", hide_default_value = true)]
    pub(crate) processor: Processor,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Demo {
    /// Size of the payload, such as 64KiB
    #[arg(long, default_value = "3MiB")]
    pub(crate) size: cloakroom::ByteSize,
}

/// Pipeline, and the context of its payloads.
#[derive(Debug, clap::Args)]
pub(crate) struct PipelineArgs {
    /// Configuration file with the pipeline's stages, keys, storage and limits
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    #[command(flatten)]
    pub(crate) context: ContextArgs,
}

/// Context of the payloads.
#[derive(Debug, clap::Args)]
pub(crate) struct ContextArgs {
    /// Namespace of the payloads, for rules, keys and object names
    #[arg(long)]
    namespace: Option<String>,
    /// Workflow id of the payloads
    #[arg(long)]
    workflow_id: Option<String>,
    /// Workflow type of the payloads
    #[arg(long, requires = "workflow_id")]
    workflow_type: Option<String>,
    /// Run id of the payloads
    #[arg(long, requires = "workflow_id")]
    run_id: Option<String>,
}

impl ContextArgs {
    /// Returns the context.
    pub(crate) fn context(&self) -> Context {
        let ctx = self.namespace.as_ref().map_or_else(Context::none, Context::namespace);
        let Some(id) = &self.workflow_id else {
            return ctx;
        };
        let type_name = self.workflow_type.as_deref().unwrap_or_default();
        ctx.with_target(Kind::Workflow, id, type_name, self.run_id.as_deref())
    }
}

#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    /// Configuration file
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Also write, read and remove a probe object in each store
    #[arg(long)]
    pub(crate) stores: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    #[command(flatten)]
    pub(crate) pipeline: PipelineArgs,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) history: HistoryArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CompileOne {
    /// Memory limit in bytes
    #[arg(long)]
    pub(crate) memory: u64,
    /// Limit of processor time in seconds
    #[arg(long)]
    pub(crate) seconds: u64,
    /// Compatibility hash of the engine
    #[arg(long)]
    pub(crate) engine: String,
    /// Processor that the engine compiles for
    #[arg(long)]
    pub(crate) processor: Processor,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Inspect {
    /// Path of the plugin, `bundled:NAME`, or a pinned reference that was pulled
    #[arg(value_name = "FILE|bundled:NAME|oci://HOST/REPOSITORY@sha256:…")]
    pub(crate) plugin: String,
    /// Folder of local copies, instead of the user's folder
    #[arg(long, value_name = "FOLDER")]
    pub(crate) into: Option<PathBuf>,
    /// Also run the plugin in the sandbox, and show its settings, its encodings or its kind of storage
    #[arg(long)]
    pub(crate) describe: bool,
    /// Print only the plugin's settings, as Markdown. Runs the plugin in the sandbox
    #[arg(long, conflicts_with_all = ["describe", "json"])]
    pub(crate) markdown: bool,
    /// Setting for --describe, if the plugin needs one, such as ring=x
    #[arg(long = "set", requires = "describe", value_name = "NAME=VALUE", value_parser = parse_setting)]
    pub(crate) settings: Vec<(String, String)>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}
