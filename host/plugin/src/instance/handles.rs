//! What a guest's handles stand for. A handle is good for one call.

use cloakroom_core::{Limit, Payload};

use crate::{
    grants::bucket_access::GrantedBuckets,
    instance::{buffer_writer::Draft, fault::Fault, held_memory::Hold, rope::Rope},
};

pub(crate) enum Handle {
    Bucket(GrantedBuckets),
    Buffer(Rope),
    Payload(Box<HeldPayload>),
    Writer(Draft),
}

/// A payload, and what counts its memory; nothing for the one that the call was given.
#[derive(Default)]
pub(crate) struct HeldPayload {
    pub(crate) payload: Payload,
    /// Counts the memory that its body shares.
    pub(crate) body: Hold,
    /// Counts all else that was made for it.
    _own: Hold,
}

impl HeldPayload {
    pub(crate) fn new(payload: Payload, body: Hold, own: Hold) -> Self {
        Self { payload, body, _own: own }
    }
}

impl From<Payload> for HeldPayload {
    fn from(payload: Payload) -> Self {
        Self { payload, ..Self::default() }
    }
}

/// The handles of one call. Numbers of earlier calls are below `first` and mean nothing any more,
/// so that an instance that is used again cannot answer with what it was given before.
pub(crate) struct Handles {
    first: u32,
    slots: Vec<Option<Handle>>,
    free: Vec<u32>,
    most: usize,
}

const STALE: Fault = Fault::Protocol("used a handle that is not of this call");

impl Handles {
    pub(crate) fn new(most: usize) -> Self {
        Self { first: 1, slots: Vec::new(), free: Vec::new(), most }
    }

    pub(crate) fn insert(&mut self, handle: Handle) -> Result<u32, Fault> {
        if let Some(number) = self.free.pop() {
            let slot = self.slot(number)?;
            *slot = Some(handle);
            return Ok(number);
        }
        if self.most <= self.slots.len() {
            return Err(Fault::Limit(Limit::Handles));
        }
        let number = self.first + self.slots.len() as u32;
        self.slots.push(Some(handle));
        Ok(number)
    }

    pub(crate) fn get(&mut self, number: u32) -> Result<&mut Handle, Fault> {
        self.slot(number)?.as_mut().ok_or(STALE)
    }

    pub(crate) fn take(&mut self, number: u32) -> Result<Handle, Fault> {
        let handle = self.slot(number)?.take().ok_or(STALE)?;
        self.free.push(number);
        Ok(handle)
    }

    /// Forgets a handle. One of an earlier call is gone already, which is no fault: a guest's
    /// garbage collector may come late.
    pub(crate) fn discard(&mut self, number: u32) {
        drop(self.take(number));
    }

    /// Ends the call.
    pub(crate) fn clear(&mut self) {
        self.first += self.slots.len() as u32;
        self.slots.clear();
        self.free.clear();
    }

    /// Whether numbers are getting scarce, so that the instance should be retired.
    pub(crate) fn worn(&self) -> bool {
        u32::MAX / 2 < self.first
    }

    fn slot(&mut self, number: u32) -> Result<&mut Option<Handle>, Fault> {
        let index = number.checked_sub(self.first).ok_or(STALE)?;
        self.slots.get_mut(index as usize).ok_or(STALE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buffer() -> Handle {
        Handle::Buffer(Rope::default())
    }

    #[test]
    fn a_handle_is_void_after_its_call() {
        let mut handles = Handles::new(8);
        let old = handles.insert(buffer()).unwrap();
        handles.clear();
        let new = handles.insert(buffer()).unwrap();
        assert_ne!(old, new);
        assert!(handles.get(old).is_err());
        handles.discard(old);
        assert!(handles.get(new).is_ok());
    }

    #[test]
    fn a_handle_is_void_once_taken() {
        let mut handles = Handles::new(8);
        let number = handles.insert(buffer()).unwrap();
        assert!(handles.take(number).is_ok());
        assert!(handles.take(number).is_err());
    }

    #[test]
    fn counts_those_that_live() {
        let mut handles = Handles::new(2);
        let number = handles.insert(buffer()).unwrap();
        handles.insert(buffer()).unwrap();
        assert!(handles.insert(buffer()).is_err());
        handles.discard(number);
        assert!(handles.insert(buffer()).is_ok());
    }
}
