//! Extism, taking turns with Cloakroom's benchmark `peers`, which starts this program.
//!
//! Commands come through standard input, one a line:
//!
//! - `input LENGTH`, and so many bytes: sets the input.
//! - `run WAY FUNCTION COUNT`: calls a function so often, on one plugin (`warm`) or on a plugin for each call
//!   (`fresh`), and answers with the nanoseconds of all calls.
//! - `output`: answers with the length of the last output, and its bytes.

mod cipher;
mod peer;

use std::{
    env, fs,
    io::{self, BufRead as _, Read as _, Write as _},
};

use anyhow::{Context as _, Result, bail};

use crate::peer::Peer;

fn main() -> Result<()> {
    let guest = env::args().nth(1).context("name the plugin's file")?;
    let mut peer = Peer::new(&fs::read(guest)?)?;
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let mut line = String::new();
    while input.read_line(&mut line)? > 0 {
        let words: Vec<&str> = line.split_whitespace().collect();
        match *words {
            ["input", length] => {
                let mut bytes = vec![0; length.parse()?];
                input.read_exact(&mut bytes)?;
                peer.set_input(bytes);
            }
            ["run", way, function, count] => {
                let time = peer.run(way == "warm", function, count.parse()?)?;
                writeln!(output, "{}", time.as_nanos())?;
            }
            ["output"] => {
                writeln!(output, "{}", peer.output().len())?;
                output.write_all(peer.output())?;
            }
            _ => bail!("unknown command `{}`", line.trim()),
        }
        output.flush()?;
        line.clear();
    }
    Ok(())
}
