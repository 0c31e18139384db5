//! The contract in a component: bindings generated from `wit/`, and what the exports call.

#[allow(missing_docs)]
pub mod about;
#[allow(missing_docs)]
mod instance;
mod panic;

/// The bindings of a codec.
#[allow(missing_docs, unsafe_code, unreachable_pub, clippy::all, clippy::pedantic)]
pub mod codec_bindings {
    wit_bindgen::generate!({
        path: "wit/v0.1",
        world: "codec-plugin",
        pub_export_macro: true,
        export_macro_name: "export_codec_plugin",
        default_bindings_module: "cloakroom_guest::wasm::codec_bindings",
        generate_all,
    });
}

/// The bindings of a driver, whose world exports another interface.
#[allow(missing_docs, unsafe_code, unreachable_pub, clippy::all, clippy::pedantic)]
pub mod driver_bindings {
    wit_bindgen::generate!({
        path: "wit/v0.1",
        world: "driver-plugin",
        pub_export_macro: true,
        export_macro_name: "export_driver_plugin",
        default_bindings_module: "cloakroom_guest::wasm::driver_bindings",
        with: {
            // Shared with the codec's bindings, so that a plugin's code has one `Buffer` and one
            // `Error`.
            "cloakroom:plugin/buffers@0.1.1": super::codec_bindings::cloakroom::plugin::buffers,
            "cloakroom:plugin/types@0.1.1": super::codec_bindings::cloakroom::plugin::types,
            "cloakroom:plugin/settings@0.1.1": super::codec_bindings::cloakroom::plugin::settings,
            "cloakroom:plugin/log@0.1.1": super::codec_bindings::cloakroom::plugin::log,
            "cloakroom:plugin/random@0.1.1": super::codec_bindings::cloakroom::plugin::random,
            "cloakroom:plugin/http@0.1.1": super::codec_bindings::cloakroom::plugin::http,
            "cloakroom:plugin/blobs@0.1.1": super::codec_bindings::cloakroom::plugin::blobs,
            "cloakroom:plugin/secrets@0.1.1": super::codec_bindings::cloakroom::plugin::secrets,
        },
    });
}

/// The bindings of a plugin that describes itself.
#[allow(missing_docs, unsafe_code, unreachable_pub, clippy::all, clippy::pedantic)]
pub mod about_bindings {
    wit_bindgen::generate!({
        path: "wit/v0.1",
        world: "described",
        pub_export_macro: true,
        export_macro_name: "export_described_plugin",
        default_bindings_module: "cloakroom_guest::wasm::about_bindings",
    });
}

pub use self::{
    codec_bindings::{
        cloakroom::plugin::{
            blobs,
            buffers::{Buffer, Writer},
            http, keys, log, random, secrets, settings, subkeys,
            types::{Context, Error, Payload},
        },
        exports::cloakroom::plugin::codec::{self, Description, Purpose},
    },
    driver_bindings::exports::cloakroom::plugin::driver,
    instance::Instance,
};
