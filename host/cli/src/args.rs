//! What can be asked on the command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use cloakroom::{Context, pipeline::Kind, temporal::server::Address};

use crate::history::args::HistoryArgs;

/// Compress, encrypt and keep elsewhere what durable workflows carry, with sandboxed plugins.
#[derive(Debug, Parser)]
#[command(
    name = "cloakroom",
    version,
    after_help = "Exit status: 0 if it worked, 1 if an operation failed, 2 if usage or configuration is wrong.\n\
                  CLOAKROOM_LOG sets what every command logs, such as `debug` or `warn,cloakroom::guest=trace`."
)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Watch a payload being compressed, encrypted and stored elsewhere by three sandboxed plugins, and brought back
    Demo(Demo),
    /// Encode payloads: Temporal `Payloads` JSON from standard input to standard output
    #[command(after_help = EXAMPLE)]
    Encode(Change),
    /// Decode payloads: Temporal `Payloads` JSON from standard input to standard output
    #[command(after_help = EXAMPLE)]
    Decode(Change),
    /// Check a configuration: load what it names, try each codec, and with --stores each store
    #[command(after_help = CHECK)]
    Check(Check),
    /// Show what payloads are: stages, keys, where they are stored and whether all of it verifies
    #[command(
        after_help = "Reads Temporal `Payloads` JSON from standard input, or a history with --history FILE.\n\
                            Contents are never shown.\n\
                            Exit status is 1 if a payload cannot be opened here; what is known of it is shown."
    )]
    Explain(Explain),
    /// Serve Temporal's Web UI and command line: they ask it to encode, decode and download payloads
    #[command(after_help = SERVER)]
    CodecServer(CodecServer),
    /// Compile every plugin that a configuration names, so that processes start without compiling
    #[command(after_help = COMPILE)]
    Compile(Compile),
    /// Compile the component on standard input for the process that asks for it
    #[command(hide = true)]
    CompileOne(CompileOne),
    /// Show what a plugin is, what it imports, and which grants it needs, without compiling it
    Inspect(Inspect),
}

const EXAMPLE: &str = "Example:\n  \
    echo '{\"payloads\":[{\"metadata\":{\"encoding\":\"anNvbi9wbGFpbg==\"},\"data\":\"ImhpIg==\"}]}' \\\n    \
    | cloakroom encode --config cloakroom.toml";

const CHECK: &str = "\
Exit status is 0 if all of it works, and 2 if anything does not; warnings alone do not change it.
--stores writes a small object through each driver that may write, in the namespace cloakroom-probe,
reads it back by its claim, and removes it where the grant and the store allow that.

Example:
  cloakroom check --config cloakroom.toml --stores";

const SERVER: &str = "\
Serves /encode, /decode and /download, below any path, and /healthz, /readyz and /metrics.
[codec_server] in the configuration says who may ask; without a token it serves this machine alone,
and without origins = [\"http://localhost:8233\"], or wherever the Web UI is, it serves no web page.
SIGHUP, or a change of any file that the configuration names, swaps it while requests go on;
SIGTERM and Ctrl-C end it when those in work are done.

Example:
  cloakroom codec-server --config cloakroom.toml
  temporal server start-dev --ui-codec-endpoint http://127.0.0.1:8081
  temporal workflow show -w ID --codec-endpoint http://127.0.0.1:8081";

#[derive(Debug, clap::Args)]
pub(crate) struct CodecServer {
    /// Configuration file: the pipeline, and what `codec_server` may do
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Where to listen, in place of what the configuration says (127.0.0.1:8081 if it says nothing)
    #[arg(long, value_name = "ADDRESS:PORT|unix:PATH")]
    pub(crate) listen: Option<Address>,
    /// How the log is written
    #[arg(long, value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log: LogFormat,
}

/// How a log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people
    Text,
    /// An object a line, for programs
    Json,
}

const COMPILE: &str = "\
Needs neither keys nor buckets, so an image can be built with it. The code is for this machine's kind of
processor, or one that has more. Exit status is 2 if the configuration or a plugin is refused.

Example:
  cloakroom compile --config cloakroom.toml --into compiled";

#[derive(Debug, clap::Args)]
pub(crate) struct Compile {
    /// Configuration file that names the plugins
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Folder to compile into, in place of the configuration's `cache.folder`, or else the user's
    #[arg(long, value_name = "FOLDER")]
    pub(crate) into: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Demo {
    /// Size of the payload, such as 64KiB
    #[arg(long, default_value = "3MiB")]
    pub(crate) size: cloakroom::ByteSize,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Change {
    /// Configuration file: the pipeline's stages, keys, storage and limits
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    #[command(flatten)]
    pub(crate) context: ContextArgs,
}

/// For whom the payloads are.
#[derive(Debug, clap::Args)]
pub(crate) struct ContextArgs {
    /// Namespace that the payloads belong to
    #[arg(long)]
    namespace: Option<String>,
    /// Workflow that the payloads belong to
    #[arg(long)]
    workflow_id: Option<String>,
    /// Type of that workflow
    #[arg(long, requires = "workflow_id")]
    workflow_type: Option<String>,
    /// Run of that workflow
    #[arg(long, requires = "workflow_id")]
    run_id: Option<String>,
}

impl ContextArgs {
    pub(crate) fn context(&self) -> Context {
        let ctx = self.namespace.as_ref().map_or_else(Context::none, Context::namespace);
        let Some(id) = &self.workflow_id else {
            return ctx;
        };
        let type_name = self.workflow_type.as_deref().unwrap_or_default();
        ctx.target(Kind::Workflow, id, type_name, self.run_id.as_deref())
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
    /// Write JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Explain {
    #[command(flatten)]
    pub(crate) change: Change,
    /// Write JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) history: HistoryArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CompileOne {
    /// Bytes of memory
    #[arg(long)]
    pub(crate) memory: u64,
    /// Processor time
    #[arg(long)]
    pub(crate) seconds: u64,
    /// Engine that the code is for
    #[arg(long)]
    pub(crate) engine: String,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Inspect {
    /// File of the plugin, or `bundled:NAME`
    pub(crate) plugin: String,
    /// Compile the plugin and ask it for its encodings or its kind, in the sandbox
    #[arg(long)]
    pub(crate) describe: bool,
    /// Setting to ask the plugin with, where it needs one to say what it is, such as ring=x
    #[arg(long = "set", requires = "describe", value_name = "NAME=VALUE", value_parser = setting)]
    pub(crate) settings: Vec<(String, String)>,
    /// Write JSON
    #[arg(long)]
    pub(crate) json: bool,
}

fn setting(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}
