//! Commands `encode` and `decode`.

use std::io::{self, IsTerminal as _, Read as _, Write as _};

use cloakroom::{Error, Payload, temporal::json};

use crate::{args::PipelineArgs, failure::Failure, open::open};

pub(crate) async fn encode(args: &PipelineArgs) -> Result<(), Failure> {
    // First the configuration: an error in it must not wait for the end of standard input.
    let cloakroom = open(&args.config).await?;
    write(&cloakroom.encode(&args.context.context(), read()?).await?)
}

pub(crate) async fn decode(args: &PipelineArgs) -> Result<(), Failure> {
    let cloakroom = open(&args.config).await?;
    write(&cloakroom.decode(&args.context.context(), read()?).await?)
}

/// Reads payloads from standard input.
pub(crate) fn read() -> Result<Vec<Payload>, Failure> {
    let mut text = Vec::new();
    let mut stdin = io::stdin().lock();
    if stdin.is_terminal() {
        // Otherwise a command without a pipe looks as if it hung.
        eprintln!("reading Payloads JSON from standard input: end it with Ctrl-D");
    }
    stdin.read_to_end(&mut text)?;
    Ok(json::read(&text).map_err(stdin_error)?)
}

fn write(payloads: &[Payload]) -> Result<(), Failure> {
    Ok(io::stdout().lock().write_all(&json::write(payloads)?)?)
}

/// Adds to an error that it concerns standard input.
fn stdin_error(error: Error) -> Error {
    let kind = error.kind();
    error.wrapped(kind, "cannot read standard input")
}
