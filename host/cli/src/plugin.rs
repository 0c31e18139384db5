//! Commands of `plugin`: tools for those who write plugins, and for those who receive them.

pub(crate) mod args;
mod backends;
mod bench;
mod candidate;
mod check;
mod component;
mod help;
mod local_copy;
mod made_up_key;
mod measure;
mod packaging;
mod run;
mod sample;
pub(crate) mod source;

use self::args::Plugin;
use crate::failure::Failure;

/// Runs one command of `plugin`.
pub(crate) async fn run(command: &Plugin) -> Result<(), Failure> {
    match command {
        Plugin::Check(check) => check::run(check).await,
        Plugin::Component(args) => component::run(args),
        Plugin::Run(call) => run::run(call).await,
        Plugin::Bench(bench) => bench::run(bench).await,
        Plugin::Packaging(command) => packaging::run(command).await,
    }
}
