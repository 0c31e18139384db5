//! What stands behind grants: the keys that the host holds for its plugins.
//!
//! A [`Ring`] has one current key and retired ones that still open what they sealed. Material is
//! zeroised when the ring is dropped and never prints.

mod key;
mod material;
mod ring;

pub use self::{
    key::{BOX_OVERHEAD, RingKey},
    material::{Material, MaterialError},
    ring::{Ring, RingBuilder, RingError},
};
