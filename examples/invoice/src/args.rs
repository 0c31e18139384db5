//! The command line.

use std::path::PathBuf;

use clap::Parser;

use crate::scenario::Scenario;

/// Two workflows of accounts payable, run in several ways on Temporal's development server.
///
/// `PayInvoice` has 40 transitions and carries an OCR result of 1.5 MB through all of them.
/// `Archive` has one result of 3 MB.
/// Each way has a server, a database and a worker of its own on this machine, and nothing is left
/// of them unless --keep is given.
#[derive(Debug, Parser)]
#[command(name = "invoice", after_help = AFTER)]
pub(crate) struct Args {
    /// Only these ways, and not all
    #[arg(value_name = "WAY", value_enum)]
    pub(crate) ways: Vec<Scenario>,
    /// Print the rows as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Leave databases, objects, keys and configurations in this folder, which is made
    #[arg(long, value_name = "FOLDER")]
    pub(crate) keep: Option<PathBuf>,
}

const AFTER: &str = "\
The server comes with `temporal`, Temporal's command line: that which CLOAKROOM_TEMPORAL names, or
that in PATH. `cargo xtask invoice` installs one and passes its options on to this program.
With RUST_LOG=warn you see what the SDK and Cloakroom log.";
