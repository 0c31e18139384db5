//! Commands `keys`: which keys there are, whether they work, and which are still needed.

pub(crate) mod args;
mod help;
mod used_by;

use self::args::Keys;
use crate::failure::Failure;

pub(crate) async fn run(command: &Keys) -> Result<(), Failure> {
    match command {
        Keys::UsedBy(args) => used_by::run(args).await,
    }
}
