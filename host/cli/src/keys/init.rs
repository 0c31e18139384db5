//! Command `keys init`: makes the secret of a ring over a key service.

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
};

use super::args::Init;
use crate::{failure::Failure, open::builder};

pub(super) async fn run(args: &Init) -> Result<(), Failure> {
    let text = builder(&args.config).make_ring_secret(&args.ring).await?;
    let Some(file) = &args.file else {
        return Ok(writeln!(io::stdout().lock(), "{}", text.trim_end())?);
    };
    // What it replaced would be lost, with all that only it opens.
    let opened = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file);
    let written = opened.and_then(|mut opened| {
        opened.write_all(text.as_bytes())?;
        opened.sync_all()
    });
    written.map_err(|error| Failure::io(error, format!("cannot write `{}`", file.display())))
}
