//! Commands `encode` and `decode`.

use std::io::{self, Read as _, Write as _};

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

fn read() -> Result<Vec<Payload>, Failure> {
    let mut text = Vec::new();
    io::stdin().lock().read_to_end(&mut text)?;
    Ok(json::read(&text).map_err(stdin_error)?)
}

fn write(payloads: &[Payload]) -> Result<(), Failure> {
    Ok(io::stdout().lock().write_all(&json::write(payloads)?)?)
}

/// Adds to an error that it concerns standard input.
pub(crate) fn stdin_error(error: Error) -> Error {
    let kind = error.kind();
    error.wrapped(kind, "cannot read standard input")
}
