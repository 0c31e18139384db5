//! The two levels at which a codec can be written.

use crate::{Buffer, Context, Description, Error, Payload, Purpose, settings};

/// A codec that turns whole payloads, as envelopes, into bytes of one encoding, and back.
pub trait Codec {
    /// The values of `metadata["encoding"]` that this codec reads. It writes the first.
    const ENCODINGS: &'static [&'static str];

    /// What it is for.
    const PURPOSE: Purpose = Purpose::Conversion;

    /// The settings it knows. Others are refused when it is loaded.
    const SETTINGS: &'static [&'static str] = &[];

    /// Refuses settings that cannot work, when the plugin is loaded.
    ///
    /// # Errors
    /// `Misconfigured`, with what to write instead.
    fn check() -> Result<(), Error> {
        Ok(())
    }

    /// Turns an envelope into this codec's bytes; `None` leaves the payload as it is.
    ///
    /// # Errors
    /// Whatever keeps it from doing so.
    fn seal(ctx: &Context, envelope: Buffer) -> Result<Option<Buffer>, Error>;

    /// Turns this codec's bytes into the envelope that they were made from.
    ///
    /// # Errors
    /// `Malformed` if they are not what this codec writes.
    fn open(ctx: &Context, sealed: Buffer) -> Result<Buffer, Error>;
}

/// A codec that reads and writes metadata as it likes.
pub trait PayloadCodec {
    /// See the contract's `codec.describe`.
    ///
    /// # Errors
    /// `Misconfigured`, with what to write instead.
    fn describe() -> Result<Description, Error>;

    /// See the contract's `codec.encode`.
    ///
    /// # Errors
    /// Whatever keeps it from encoding.
    fn encode(ctx: &Context, payload: &Payload) -> Result<Option<Payload>, Error>;

    /// See the contract's `codec.decode`.
    ///
    /// # Errors
    /// `Malformed` if the payload is not what this codec writes.
    fn decode(ctx: &Context, payload: &Payload) -> Result<Payload, Error>;
}

impl<C: Codec> PayloadCodec for C {
    fn describe() -> Result<Description, Error> {
        settings::refuse_unknown(C::SETTINGS)?;
        C::check()?;
        let encodings = C::ENCODINGS.iter().map(|&name| name.to_owned()).collect();
        Ok(Description { encodings, purpose: C::PURPOSE })
    }

    fn encode(ctx: &Context, payload: &Payload) -> Result<Option<Payload>, Error> {
        let Some(sealed) = C::seal(ctx, payload.envelope())? else {
            return Ok(None);
        };
        let encoding = C::ENCODINGS.first().copied().unwrap_or_default();
        let metadata = [("encoding".to_owned(), encoding.as_bytes().to_vec())];
        Ok(Some(Payload::new(&metadata, &sealed)))
    }

    fn decode(ctx: &Context, payload: &Payload) -> Result<Payload, Error> {
        Payload::from_envelope(&C::open(ctx, payload.data())?)
    }
}
