//! Payloads of a message that was scanned, and what is wrong with one that cannot be.

use cloakroom_core::{Error, ErrorKind, Limit, Payload, Remedy};
use cloakroom_wire::{Scan, WireError, WireErrorKind};

/// Returns the payloads of a message.
///
/// # Errors
/// `Malformed` if one is no payload.
pub(super) fn parse(found: &Scan) -> Result<Vec<Payload>, Error> {
    let payloads = (0..found.sites().len()).map(|site| found.payload(site));
    payloads.map(Payload::from_envelope).collect()
}

/// Returns the error about a message that is not as its type says.
pub(super) fn malformed(error: WireError) -> Error {
    if let WireErrorKind::Payloads(most) = error.kind() {
        let text = format!(
            "the message has more than {most} payloads: send less at once, or raise the limit"
        );
        let error = Error::new(ErrorKind::LimitExceeded(Limit::Payloads), text);
        return error.with_remedies(&[Remedy::MostPayloads]);
    }
    Error::new(ErrorKind::Malformed, "the message is not as its type says").with_source(error)
}
