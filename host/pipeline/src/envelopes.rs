//! Envelopes of a workflow engine: payloads that wrap payloads of their own.

use cloakroom_core::{Charge, Error, Payload};

/// Opens the envelopes of a workflow engine.
///
/// The engine reads an envelope, so no stage may encode it as a whole. Its inner payloads are encoded
/// and decoded like any others.
pub trait Envelopes: Send + Sync {
    /// Returns whether a payload claims to be an envelope. Anybody can write that.
    fn is_marked(&self, payload: &Payload) -> bool;

    /// Opens a marked payload. `charge` counts the memory of its inner payloads before they are made:
    /// two bytes of an envelope may cost hundreds.
    ///
    /// # Errors
    /// `Unknown` if it is no envelope that this type knows in full: then its fields could hold anything.
    /// `NoMemory` if there is no memory for its payloads.
    fn open(&self, payload: &Payload, charge: &mut Charge) -> Result<OpenEnvelope, EnvelopeError>;
}

/// Envelope whose inner payloads were taken out.
pub struct OpenEnvelope {
    /// Inner payloads, in their order in the envelope.
    pub payloads: Vec<Payload>,
    /// Puts as many payloads back.
    pub close: Close,
}

/// Puts payloads into the places of an envelope's inner ones. Returns none if there are too few.
pub type Close = Box<dyn FnOnce(Vec<Payload>) -> Option<Payload> + Send>;

/// Reason why a marked payload was not opened.
#[derive(Debug)]
pub enum EnvelopeError {
    /// It is no envelope that is known in full.
    Unknown(UnknownEnvelope),
    /// There is no memory for its payloads.
    NoMemory(Error),
}

/// Marked payload that is no known envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownEnvelope {
    /// Type that the payload claims. It may be any text.
    pub name: String,
    /// Reason, as the end of a sentence that begins with the name.
    pub why: String,
}
