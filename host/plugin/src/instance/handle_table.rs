//! Handles of a guest and what stands behind them. A handle is valid in one call.

use cloakroom_core::{Limit, Payload};

use super::{
    buffer_writer::BufferWriter, fault::Fault, held_memory::SharedReservation, rope::Rope,
};
use crate::grants::{granted_buckets::GrantedBuckets, granted_service::GrantedService};

/// Value behind a handle. What is large is boxed: values are moved some times in each call.
pub(crate) enum Handle {
    Bucket(GrantedBuckets),
    Buffer(Rope),
    Payload(Box<HeldPayload>),
    Service(GrantedService),
    Writer(BufferWriter),
}

/// Payload and the reservations of its memory. The call's input has none: its caller has charged it.
///
/// It is boxed before a call and until its end: each future on its way would have room for it, twice.
#[derive(Default)]
pub(crate) struct HeldPayload {
    pub(crate) payload: Payload,
    /// Reservation of the body, which buffers may share.
    pub(crate) body: SharedReservation,
    /// Reservation of everything else that was made for it.
    own: SharedReservation,
}

impl HeldPayload {
    pub(crate) fn new(payload: Payload, body: SharedReservation, own: SharedReservation) -> Self {
        Self { payload, body, own }
    }

    /// Gives the reservations back: whoever takes the payload counts it.
    pub(crate) fn release(&mut self) {
        self.body = SharedReservation::default();
        self.own = SharedReservation::default();
    }
}

impl From<Payload> for HeldPayload {
    fn from(payload: Payload) -> Self {
        Self { payload, ..Self::default() }
    }
}

/// Handles of one call.
///
/// Numbers are never used again by a later call of the same instance: those of earlier calls are below
/// `first` and refused. Otherwise a warm instance could answer with the payload of another caller.
pub(crate) struct HandleTable {
    first: u32,
    slots: Vec<Option<Handle>>,
    free: Vec<u32>,
    limit: usize,
}

const STALE_HANDLE: Fault = Fault::Protocol("used a handle that is not of this call");

impl HandleTable {
    pub(crate) fn new(limit: usize) -> Self {
        Self { first: 1, slots: Vec::new(), free: Vec::new(), limit }
    }

    /// Adds a value and returns its number.
    ///
    /// # Errors
    /// `Limit(Handles)` if the table is full.
    pub(crate) fn insert(&mut self, handle: Handle) -> Result<u32, Fault> {
        // Within a call numbers are used again: only handles of other calls must not be confused.
        if let Some(number) = self.free.pop() {
            let slot = self.slot(number)?;
            *slot = Some(handle);
            return Ok(number);
        }
        if self.slots.len() >= self.limit {
            return Err(Fault::Limit(Limit::Handles));
        }
        let number = self.first + self.slots.len() as u32;
        self.slots.push(Some(handle));
        Ok(number)
    }

    /// Returns the value of a handle.
    ///
    /// # Errors
    /// `Protocol` if this call has no handle of this number.
    pub(crate) fn get(&mut self, number: u32) -> Result<&mut Handle, Fault> {
        self.slot(number)?.as_mut().ok_or(STALE_HANDLE)
    }

    /// Takes the value of a handle, which is invalid from then on.
    ///
    /// # Errors
    /// As [`HandleTable::get`].
    pub(crate) fn take(&mut self, number: u32) -> Result<Handle, Fault> {
        let handle = self.slot(number)?.take().ok_or(STALE_HANDLE)?;
        self.free.push(number);
        Ok(handle)
    }

    /// Drops a handle. One of an earlier call is gone already, and dropping it is no fault: a guest's
    /// garbage collector may run late.
    pub(crate) fn discard(&mut self, number: u32) {
        drop(self.take(number));
    }

    /// Drops all handles at the end of a call.
    pub(crate) fn clear(&mut self) {
        self.first += self.slots.len() as u32;
        self.slots.clear();
        self.free.clear();
    }

    /// Returns whether half of all numbers are used, so that the instance must be retired.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.first > u32::MAX / 2
    }

    fn slot(&mut self, number: u32) -> Result<&mut Option<Handle>, Fault> {
        let index = number.checked_sub(self.first).ok_or(STALE_HANDLE)?;
        self.slots.get_mut(index as usize).ok_or(STALE_HANDLE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buffer() -> Handle {
        Handle::Buffer(Rope::default())
    }

    #[test]
    fn a_handle_is_invalid_after_its_call() {
        let mut handles = HandleTable::new(8);
        let old = handles.insert(buffer()).unwrap();
        handles.clear();
        let new = handles.insert(buffer()).unwrap();
        assert_ne!(old, new);
        assert!(handles.get(old).is_err());
        handles.discard(old);
        assert!(handles.get(new).is_ok());
    }

    #[test]
    fn a_handle_is_invalid_once_taken() {
        let mut handles = HandleTable::new(8);
        let number = handles.insert(buffer()).unwrap();
        assert!(handles.take(number).is_ok());
        assert!(handles.take(number).is_err());
    }

    #[test]
    fn counts_open_handles() {
        let mut handles = HandleTable::new(2);
        let number = handles.insert(buffer()).unwrap();
        handles.insert(buffer()).unwrap();
        assert!(handles.insert(buffer()).is_err());
        handles.discard(number);
        assert!(handles.insert(buffer()).is_ok());
    }
}
