//! What a Rust author of a [Cloakroom] plugin writes against.
//!
//! A codec is a type that says how one payload is changed, both ways; the host does the rest. This is
//! a whole plugin:
//!
//! ```
//! use cloakroom_guest::{Buffer, Codec, Context, Error};
//!
//! struct Reverse;
//!
//! impl Codec for Reverse {
//!     const ENCODINGS: &'static [&'static str] = &["binary/reversed"];
//!
//!     fn seal(_: &Context, envelope: Buffer) -> Result<Option<Buffer>, Error> {
//!         let mut bytes = envelope.to_vec();
//!         bytes.reverse();
//!         Ok(Some(Buffer::new(&bytes)))
//!     }
//!
//!     fn open(_: &Context, sealed: Buffer) -> Result<Buffer, Error> {
//!         let mut bytes = sealed.to_vec();
//!         bytes.reverse();
//!         Ok(Buffer::new(&bytes))
//!     }
//! }
//!
//! cloakroom_guest::export!(Reverse);
//! ```
//!
//! Build it as a `cdylib` for `wasm32-wasip2`, or for `wasm32-unknown-unknown` with the linker
//! `wasm-component-ld`, which leaves no WASI import behind.
//!
//! [`Codec`] handles whole payloads as envelopes: their protobuf messages. [`PayloadCodec`] is the
//! level below, for plugins that choose their own metadata. Bytes stay in the host behind a
//! [`Buffer`]; read them in pieces with [`Buffer::reader`] and write with [`Output`], and the plugin's
//! own memory stays small whatever the payload's size.
//!
//! A storage driver is a [`Driver`]: it decides where an object goes, and says in a [`Claim`] where it
//! went. The bytes go from host to store by [`blobs`], and pass through no plugin.
//!
//! [Cloakroom]: https://docs.rs/cloakroom

mod codec;
#[doc(hidden)]
pub mod driver;
mod io;
mod panic;
pub mod settings;
mod target;

/// The contract as generated from `wit/`. The items worth naming are re-exported beside it.
#[allow(missing_docs, unsafe_code, unreachable_pub, clippy::all)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "wit/v0.1",
        world: "codec-plugin",
        pub_export_macro: true,
        export_macro_name: "export_codec_plugin",
        default_bindings_module: "cloakroom_guest::bindings",
        generate_all,
    });
}

/// The same for drivers, whose world exports another interface.
#[allow(missing_docs, unsafe_code, unreachable_pub, clippy::all)]
pub mod driver_bindings {
    wit_bindgen::generate!({
        path: "wit/v0.1",
        world: "driver-plugin",
        pub_export_macro: true,
        export_macro_name: "export_driver_plugin",
        default_bindings_module: "cloakroom_guest::driver_bindings",
        with: {
            "cloakroom:plugin/buffers@0.1.0": crate::bindings::cloakroom::plugin::buffers,
            "cloakroom:plugin/types@0.1.0": crate::bindings::cloakroom::plugin::types,
            "cloakroom:plugin/settings@0.1.0": crate::bindings::cloakroom::plugin::settings,
            "cloakroom:plugin/log@0.1.0": crate::bindings::cloakroom::plugin::log,
            "cloakroom:plugin/random@0.1.0": crate::bindings::cloakroom::plugin::random,
            "cloakroom:plugin/blobs@0.1.0": generate,
        },
    });
}

pub use self::{
    bindings::{
        cloakroom::plugin::{
            buffers::{Buffer, Writer},
            keys, log, random, subkeys,
            types::{Context, Error, Payload},
        },
        exports::cloakroom::plugin::codec::{Description, Purpose},
    },
    codec::{Codec, PayloadCodec},
    driver::{Claim, Driver},
    driver_bindings::cloakroom::plugin::blobs,
    io::{CHUNK, Output, Reader},
    target::Target,
};

#[doc(hidden)]
pub use self::{
    bindings::exports::cloakroom::plugin::codec::Guest,
    driver_bindings::exports::cloakroom::plugin::driver as drivers, panic::report_panics,
};

/// Makes a type that is a [`Codec`] or a [`PayloadCodec`] the plugin's codec.
#[macro_export]
macro_rules! export {
    ($codec:ty) => {
        // Natively, in its author's unit tests, a plugin exports nothing.
        #[cfg(target_family = "wasm")]
        const _: () = {
            struct Plugin;

            impl $crate::Guest for Plugin {
                fn describe() -> Result<$crate::Description, $crate::Error> {
                    $crate::report_panics();
                    <$codec as $crate::PayloadCodec>::describe()
                }

                fn encode(
                    ctx: &$crate::Context,
                    payload: &$crate::Payload,
                ) -> Result<Option<$crate::Payload>, $crate::Error> {
                    $crate::report_panics();
                    <$codec as $crate::PayloadCodec>::encode(ctx, payload)
                }

                fn decode(
                    ctx: &$crate::Context,
                    payload: &$crate::Payload,
                ) -> Result<$crate::Payload, $crate::Error> {
                    $crate::report_panics();
                    <$codec as $crate::PayloadCodec>::decode(ctx, payload)
                }
            }

    $crate::bindings::export_codec_plugin!(Plugin with_types_in $crate::bindings);
        };
    };
}

/// Makes a type that is a [`Driver`] the plugin's driver.
#[macro_export]
macro_rules! export_driver {
    ($driver:ty) => {
        #[cfg(target_family = "wasm")]
        const _: () = {
            struct Plugin;

            impl $crate::drivers::Guest for Plugin {
                fn describe() -> Result<$crate::drivers::Description, $crate::Error> {
                    $crate::report_panics();
                    $crate::driver::describe::<$driver>()
                }

                fn store(
                    ctx: &$crate::Context,
                    object: $crate::Buffer,
                ) -> Result<Vec<(String, String)>, $crate::Error> {
                    $crate::report_panics();
                    $crate::driver::store::<$driver>(ctx, object)
                }

                fn retrieve(
                    ctx: &$crate::Context,
                    claim: Vec<(String, String)>,
                ) -> Result<$crate::Buffer, $crate::Error> {
                    $crate::report_panics();
                    $crate::driver::retrieve::<$driver>(ctx, claim)
                }
            }

            $crate::driver_bindings::export_driver_plugin!(Plugin with_types_in $crate::driver_bindings);
        };
    };
}
