//! Commands `keys`: which keys there are, whether they work, and which are still needed.

pub(crate) mod args;
mod check;
mod help;
mod init;
mod list;
mod rotate;
mod used_by;

use self::args::Keys;
use crate::failure::Failure;

pub(crate) async fn run(command: &Keys) -> Result<(), Failure> {
    match command {
        Keys::Check(args) => check::run(args).await,
        Keys::Init(args) => init::run(args).await,
        Keys::List(args) => list::run(args).await,
        Keys::Rotate(args) => rotate::run(args).await,
        Keys::UsedBy(args) => used_by::run(args).await,
    }
}
