//! One request to a service, and its response in memory that was reserved before.

use bytes::{Bytes, BytesMut};
use cloakroom_core::{Error, ErrorKind, Limit, ServiceRequest, ServiceResponse};
use futures::StreamExt as _;

use super::{
    fault::Fault,
    held_memory::{HeldMemory, Reservation},
};
use crate::{compute::background, grants::granted_service::GrantedService};

/// Bytes that a list of the bindings and the allocator add to a header.
const HEADER_OVERHEAD: usize = 96;

/// Response of a service, all of it in memory.
pub(crate) struct ServiceAnswer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
    /// Reservation of the body.
    pub(crate) reservation: Reservation,
}

/// Reason for which a request has no answer.
pub(crate) enum ExchangeError {
    /// The call ends.
    Fault(Fault),
    /// The guest gets an error.
    Error(Error),
}

impl From<Fault> for ExchangeError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Error> for ExchangeError {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

impl ServiceAnswer {
    /// Returns the bytes that the headers take in a list of the bindings.
    pub(crate) fn header_bytes(&self) -> usize {
        let sizes = self.headers.iter().map(|(name, value)| name.len() + value.len());
        sizes.map(|size| size + HEADER_OVERHEAD).sum()
    }
}

/// Sends a request, and reads a body of at most `limit` bytes. Dropping the future ends the request.
///
/// # Errors
/// A fault if `held` has no room. The service's error; `LimitExceeded(Payload)` for a larger body.
pub(crate) async fn exchange(
    service: GrantedService,
    request: ServiceRequest,
    limit: usize,
    held: HeldMemory,
) -> Result<ServiceAnswer, ExchangeError> {
    let exchanged = background::run(async move {
        let exchanged = async {
            let response = service.send(request).await?;
            let named = |error: &Error| service.name_error(error);
            collect(response, limit, &held, named).await
        };
        // A fault is no error of the request, which the runtime's task returns.
        match exchanged.await {
            Ok(answer) => Ok(Ok(answer)),
            Err(ExchangeError::Fault(fault)) => Ok(Err(fault)),
            Err(ExchangeError::Error(error)) => Err(error),
        }
    });
    exchanged.await?.map_err(ExchangeError::Fault)
}

async fn collect(
    response: ServiceResponse,
    limit: usize,
    held: &HeldMemory,
    named: impl Fn(&Error) -> Error,
) -> Result<ServiceAnswer, ExchangeError> {
    let ServiceResponse { status, headers, length, mut body } = response;
    let announced = length.map(|length| usize::try_from(length).unwrap_or(usize::MAX));
    if announced.is_some_and(|length| length > limit) {
        return Err(named(&too_large(limit)).into());
    }
    let mut collected = Collected::with_capacity(announced.unwrap_or(0), held)?;
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|error| named(&error))?;
        if piece.len() > limit - collected.bytes.len() {
            return Err(named(&too_large(limit)).into());
        }
        collected.push(&piece, limit, held)?;
    }
    if announced.is_some_and(|length| length != collected.bytes.len()) {
        let text = "the response has another length than it announced";
        return Err(named(&Error::new(ErrorKind::Unavailable, text)).into());
    }
    let Collected { bytes, reservation } = collected;
    Ok(ServiceAnswer { status, headers, body: bytes.freeze(), reservation })
}

/// Bytes that have arrived. Their capacity is reserved.
pub(super) struct Collected {
    pub(super) bytes: BytesMut,
    pub(super) reservation: Reservation,
}

impl Collected {
    pub(super) fn with_capacity(capacity: usize, held: &HeldMemory) -> Result<Self, Fault> {
        // Reserved first: the service chose the number.
        let reservation = held.reserve(capacity)?;
        Ok(Self { bytes: BytesMut::with_capacity(capacity), reservation })
    }

    /// Appends a piece, with which the bytes are no longer than `limit`.
    ///
    /// A copy: a piece may be a small part of a large buffer of the client, which nobody has reserved.
    pub(super) fn push(
        &mut self,
        piece: &[u8],
        limit: usize,
        held: &HeldMemory,
    ) -> Result<(), Fault> {
        let length = self.bytes.len() + piece.len();
        if length > self.bytes.capacity() {
            let doubled = self.bytes.capacity().saturating_mul(2).min(limit);
            let mut larger = Self::with_capacity(doubled.max(length), held)?;
            larger.bytes.extend_from_slice(&self.bytes);
            *self = larger;
        }
        self.bytes.extend_from_slice(piece);
        Ok(())
    }
}

fn too_large(limit: usize) -> Error {
    let text = format!("the response has more than the {limit} bytes that the plugin may read");
    Error::new(ErrorKind::LimitExceeded(Limit::Payload), text)
}

#[cfg(test)]
mod tests;
