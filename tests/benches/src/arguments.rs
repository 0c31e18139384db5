//! Arguments that every benchmark takes: `[BENCH [TEXT]] [--json FILE]`.

use std::path::PathBuf;

/// Arguments of a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Arguments {
    /// Part of the names of benchmarks that are to run.
    pub(crate) bench: String,
    /// Part of the titles that are to be measured.
    pub(crate) text: String,
    /// File that takes the figures.
    pub(crate) json: Option<PathBuf>,
}

impl Arguments {
    /// Reads the arguments of a process, without its name.
    pub(crate) fn parse(args: impl IntoIterator<Item = String>) -> Self {
        let mut arguments = Self::default();
        let (mut args, mut words) = (args.into_iter(), Vec::new());
        while let Some(arg) = args.next() {
            if arg == "--json" {
                let file = args.next().expect("`--json` takes the name of a file");
                arguments.json = Some(file.into());
            } else if !arg.starts_with('-') {
                words.push(arg);
            }
        }
        let mut words = words.into_iter();
        arguments.bench = words.next().unwrap_or_default();
        arguments.text = words.collect::<Vec<_>>().join(" ");
        arguments
    }
}
