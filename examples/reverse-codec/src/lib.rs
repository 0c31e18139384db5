//! Writes envelopes backwards. Nobody needs this; everybody can see whether it worked.

use std::io::Write as _;

use cloakroom_guest::{Buffer, Codec, Context, Error, Output, log, settings};

/// The codec.
pub struct Reverse;

impl Codec for Reverse {
    // Written into every payload, so it should be a name that is yours.
    const ENCODINGS: &'static [&'static str] = &["binary/reversed"];

    // Settings that are not named here are refused when the plugin is loaded.
    const SETTINGS: &'static [&'static str] = &["least"];

    fn check() -> Result<(), Error> {
        log::write(log::Level::Debug, "reading settings");
        least().map(drop)
    }

    fn seal(_: &Context, envelope: Buffer) -> Result<Option<Buffer>, Error> {
        // `None` leaves a payload as it is.
        if envelope.length() < least()? {
            return Ok(None);
        }
        reverse(&envelope).map(Some)
    }

    fn open(_: &Context, sealed: Buffer) -> Result<Buffer, Error> {
        reverse(&sealed)
    }
}

cloakroom_guest::export!(Reverse);

fn least() -> Result<u64, Error> {
    settings::number("least", 0..=1_000_000, 0)
}

/// Piece by piece from the end, so that the plugin's memory stays small whatever the payload's size.
fn reverse(buffer: &Buffer) -> Result<Buffer, Error> {
    const PIECE: u64 = 64 << 10;
    let mut output = Output::new();
    let mut end = buffer.length();
    while 0 < end {
        let start = end.saturating_sub(PIECE);
        let mut piece = buffer.read(start, (end - start) as u32);
        piece.reverse();
        output.write_all(&piece).map_err(|error| Error::Other(error.to_string()))?;
        end = start;
    }
    Ok(output.finish())
}
