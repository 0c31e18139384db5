//! Types that a [`Codec`](crate::Codec) of the program's own works with.
//!
//! ```
//! use cloakroom::{
//!     BoxFuture, Codec, Context, Error, Payload,
//!     codec::{Description, Encoded, Purpose},
//! };
//!
//! /// Writes each body backwards.
//! struct Reverse(Description);
//!
//! impl Codec for Reverse {
//!     fn description(&self) -> &Description {
//!         &self.0
//!     }
//!
//!     fn encode<'a>(&'a self, _: &'a Context, payload: &'a Payload) -> BoxFuture<'a, Result<Encoded, Error>> {
//!         let body: Vec<u8> = payload.envelope().to_bytes().iter().rev().copied().collect();
//!         Box::pin(async move { Ok(Encoded::Changed(Payload::new("binary/reverse", body))) })
//!     }
//!
//!     fn decode<'a>(&'a self, _: &'a Context, payload: Payload) -> BoxFuture<'a, Result<Payload, Error>> {
//!         let envelope: Vec<u8> = payload.data.iter().rev().copied().collect();
//!         Box::pin(async move { Payload::from_envelope(envelope.into()) })
//!     }
//! }
//!
//! let encodings = vec!["binary/reverse".to_owned()];
//! let reverse = Reverse(Description { encodings, purpose: Purpose::Conversion });
//! # let _: &dyn Codec = &reverse;
//! ```

pub use cloakroom_core::{Description, Encoded, Envelope, Metadata, Purpose};
