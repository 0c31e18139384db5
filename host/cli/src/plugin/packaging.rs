//! Commands that bring a plugin from its author to an operator: sign, push, pull, verify.

mod access;
pub(crate) mod args;
mod files;
mod help;
mod keygen;
mod pull;
mod push;
mod sign;
mod signatures;
mod verify;

use self::args::Packaging;
use crate::failure::Failure;

/// Runs one of these commands.
pub(super) async fn run(command: &Packaging) -> Result<(), Failure> {
    match command {
        Packaging::Push(args) => push::run(args).await,
        Packaging::Pull(args) => pull::run(args).await,
        Packaging::Keygen(args) => keygen::run(args),
        Packaging::Sign(args) => sign::run(args).await,
        Packaging::Verify(args) => verify::run(args),
    }
}
