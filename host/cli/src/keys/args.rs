//! Arguments of the commands `keys`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use cloakroom::temporal::{gateway::UpstreamUrl, survey::Part};

use super::help;

#[derive(Debug, Subcommand)]
pub(crate) enum Keys {
    /// Make the secret of a ring over a key service, wrapped by the service
    #[command(after_help = help::INIT)]
    Init(Init),
    /// Show rings and keys, with state and age
    #[command(after_help = help::LIST)]
    List(List),
    /// Have each key seal and open a probe
    #[command(after_help = help::CHECK)]
    Check(CheckKeys),
    /// Add a new key to a ring, or make one current
    #[command(after_help = help::ROTATE)]
    Rotate(Rotate),
    /// Say which keys are still needed, by reading histories, schedules and stored objects
    #[command(after_help = help::USED_BY)]
    UsedBy(Box<UsedBy>),
}

#[derive(Debug, clap::Args)]
pub(crate) struct Init {
    /// Configuration file with the ring and its service
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Ring to make a secret for
    #[arg(long, value_name = "RING")]
    pub(crate) ring: String,
    /// New file for it, instead of standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Configuration file with the rings
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Metrics of a running process in Prometheus's text format, or `-` for standard input: adds its
    /// messages
    #[arg(long, value_name = "FILE")]
    pub(crate) metrics: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CheckKeys {
    /// Configuration file with the rings
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Rotate {
    /// Configuration file with the ring
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Ring to rotate
    #[arg(long, value_name = "RING")]
    pub(crate) ring: String,
    /// Id of the new key, instead of today's date
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
    /// File of the new key, instead of RING-ID.key beside the configuration
    #[arg(long, value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Make this key the current one, instead of adding one
    #[arg(long, value_name = "ID", conflicts_with_all = ["id", "file"])]
    pub(crate) activate: Option<String>,
    /// Make the key and write the configuration, instead of showing the edit
    #[arg(long)]
    pub(crate) apply: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct UsedBy {
    /// Configuration file with the rings, stages and buckets
    #[arg(long, value_name = "FILE")]
    pub(crate) config: PathBuf,
    /// Exported histories, or `-` for standard input
    #[arg(value_name = "HISTORY.json")]
    pub(crate) histories: Vec<PathBuf>,
    /// Temporal's frontend, instead of `gateway.temporal.upstream`
    #[arg(long, value_name = "URL")]
    pub(crate) address: Option<UpstreamUrl>,
    /// Namespace to read. Repeat it for each one that uses the configuration
    #[arg(long = "namespace", value_name = "NAME")]
    pub(crate) namespaces: Vec<String>,
    /// Ask about one key, for scripts: the exit status says whether it is unused
    #[arg(long, value_name = "RING/ID", value_parser = ring_key)]
    pub(crate) key: Option<(String, String)>,
    /// Say that a key was destroyed, so that nobody can open what it encrypted
    #[arg(long, value_name = "ID")]
    pub(crate) destroyed: Vec<String>,
    /// Say that your data converter writes this encoding, and that nothing in it is encrypted
    #[arg(long, value_name = "ENCODING")]
    pub(crate) plain: Vec<String>,
    /// Say that the server has no such executions, and do not ask for them
    #[arg(long, value_name = "PART")]
    pub(crate) without: Vec<Without>,
    #[command(flatten)]
    pub(crate) access: Access,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Part of a namespace that a server may not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Without {
    /// Standalone activities
    Activities,
    /// Standalone Nexus operations
    Operations,
}

impl Without {
    pub(crate) fn part(self) -> Part {
        match self {
            Self::Activities => Part::Activities,
            Self::Operations => Part::Operations,
        }
    }
}

/// TLS and credentials for the frontend.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Access to the frontend, instead of that in [gateway.temporal]")]
pub(crate) struct Access {
    /// Authorities to trust, in PEM
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_ca: Option<PathBuf>,
    /// Certificate to present, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Key of the certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// File with an API key
    #[arg(long, value_name = "FILE")]
    pub(crate) api_key_file: Option<PathBuf>,
}

impl Access {
    /// Returns whether nothing of it was given.
    pub(crate) fn is_empty(&self) -> bool {
        let Self { tls_ca, tls_cert, tls_key, api_key_file } = self;
        [tls_ca, tls_cert, tls_key, api_key_file].into_iter().all(Option::is_none)
    }
}

/// Parses `RING/ID`. An id may have a slash, and a ring none.
pub(crate) fn ring_key(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('/').filter(|(ring, id)| !ring.is_empty() && !id.is_empty());
    let (ring, id) =
        parts.ok_or("expected a ring and the id of a key, such as payments/2026-11")?;
    Ok((ring.to_owned(), id.to_owned()))
}
