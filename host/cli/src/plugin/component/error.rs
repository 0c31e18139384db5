//! Errors of the encoder, with advice for the mistakes that compilers' settings cause.

use std::fmt;

use super::super::args::Component;
use crate::failure::Failure;

/// A result of the encoder.
pub(super) trait Problem<T> {
    /// Turns an error into one of usage, with the module's name and what to do.
    fn problem(self, args: &Component) -> Result<T, Failure>;
}

impl<T, E: fmt::Display + fmt::Debug> Problem<T> for Result<T, E> {
    fn problem(self, args: &Component) -> Result<T, Failure> {
        self.map_err(|error| {
            // The alternate form of an `anyhow` error is its whole chain, in one line.
            let text = cloakroom::inspect::clean(&format!("{error:#}"), 1000);
            Failure::usage(format!(
                "{} cannot become a component: {text}{}",
                args.core.display(),
                advice(&text, args)
            ))
        })
    }
}

/// Returns what to do about an error, if this is one that is known.
fn advice(text: &str, args: &Component) -> &'static str {
    if text.contains("wasi_snapshot_preview1") && !args.stub_wasi {
        return "; pass --stub-wasi, or --adapt wasi_snapshot_preview1=FILE with an adapter";
    }
    if args.world.is_none() {
        return "; if the module does not name its world, pass --world, such as --world compressor";
    }
    ""
}
