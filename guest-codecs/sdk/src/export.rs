//! The macros that make a component of a plugin.

/// Exports a [`Codec`](crate::Codec) or [`PayloadCodec`](crate::PayloadCodec) as the plugin's codec.
///
/// Natively, in its author's tests, a plugin exports nothing.
#[macro_export]
macro_rules! export_codec {
    ($codec:ty) => {
        $crate::export_codec_functions!($codec);
        #[cfg(target_family = "wasm")]
        $crate::export_about!(
            <$codec as $crate::PayloadCodec>::SETTINGS,
            <$codec as $crate::PayloadCodec>::METADATA_NAMES
        );
    };
}

/// Exports a codec that does not describe itself.
#[doc(hidden)]
#[macro_export]
macro_rules! export_codec_functions {
    ($codec:ty) => {
        // The compiler would call a codec unused that no component exports.
        #[cfg(not(target_family = "wasm"))]
        const _: fn(&$crate::Settings) -> Result<$codec, $crate::Error> =
            <$codec as $crate::PayloadCodec>::configure;

        #[cfg(target_family = "wasm")]
        const _: () = {
            struct Plugin;

            // A component has one thread. A thread-local value needs neither a lock nor `Sync`.
            ::std::thread_local! {
                static CODEC: $crate::wasm::Instance<$codec> =
                    const { $crate::wasm::Instance::new() };
            }

            impl $crate::wasm::codec::Guest for Plugin {
                fn describe() -> Result<$crate::Description, $crate::Error> {
                    CODEC.with(|codec| codec.describe_codec())
                }

                fn encode(
                    ctx: &$crate::Context,
                    payload: &$crate::Payload,
                ) -> Result<Option<$crate::Payload>, $crate::Error> {
                    CODEC.with(|codec| codec.encode(ctx, payload))
                }

                fn decode(
                    ctx: &$crate::Context,
                    payload: &$crate::Payload,
                ) -> Result<$crate::Payload, $crate::Error> {
                    CODEC.with(|codec| codec.decode(ctx, payload))
                }
            }

            $crate::wasm::codec_bindings::export_codec_plugin!(
                Plugin with_types_in $crate::wasm::codec_bindings
            );
        };
    };
}

/// Exports a [`Driver`](crate::Driver) as the plugin's driver.
///
/// Natively, in its author's tests, a plugin exports nothing.
#[macro_export]
macro_rules! export_driver {
    ($driver:ty) => {
        // The compiler would call a driver unused that no component exports.
        #[cfg(not(target_family = "wasm"))]
        const _: fn(&$crate::Settings) -> Result<$driver, $crate::Error> =
            <$driver as $crate::Driver>::configure;

        #[cfg(target_family = "wasm")]
        const _: () = {
            struct Plugin;

            ::std::thread_local! {
                static DRIVER: $crate::wasm::Instance<$driver> =
                    const { $crate::wasm::Instance::new() };
            }

            impl $crate::wasm::driver::Guest for Plugin {
                fn describe() -> Result<$crate::wasm::driver::Description, $crate::Error> {
                    DRIVER.with(|driver| driver.describe_driver())
                }

                fn store(
                    ctx: &$crate::Context,
                    object: $crate::Buffer,
                ) -> Result<Vec<(String, String)>, $crate::Error> {
                    DRIVER.with(|driver| driver.store(ctx, object))
                }

                fn retrieve(
                    ctx: &$crate::Context,
                    claim: Vec<(String, String)>,
                ) -> Result<$crate::Buffer, $crate::Error> {
                    DRIVER.with(|driver| driver.retrieve(ctx, claim))
                }
            }

            $crate::wasm::driver_bindings::export_driver_plugin!(
                Plugin with_types_in $crate::wasm::driver_bindings
            );
        };

        #[cfg(target_family = "wasm")]
        $crate::export_about!(<$driver as $crate::Driver>::SETTINGS, &[]);
    };
}

/// Exports the plugin's description of itself. The package is the one that this expands in, so that an
/// author writes name, version and licence once, into its manifest.
#[doc(hidden)]
#[cfg(target_family = "wasm")]
#[macro_export]
macro_rules! export_about {
    ($settings:expr, $metadata_names:expr) => {
        const _: () = {
            struct Described;

            impl $crate::wasm::about_bindings::exports::cloakroom::plugin::about::Guest
                for Described
            {
                fn describe()
                -> $crate::wasm::about_bindings::exports::cloakroom::plugin::about::Facts {
                    $crate::wasm::about::facts([
                        option_env!("CARGO_PKG_NAME"),
                        option_env!("CARGO_PKG_VERSION"),
                        option_env!("CARGO_PKG_LICENSE"),
                        option_env!("CARGO_PKG_DESCRIPTION"),
                        option_env!("CARGO_PKG_HOMEPAGE"),
                        option_env!("CARGO_PKG_REPOSITORY"),
                    ])
                }

                fn settings()
                -> Vec<$crate::wasm::about_bindings::exports::cloakroom::plugin::about::Setting>
                {
                    $crate::wasm::about::settings($settings)
                }

                fn metadata_names() -> Vec<String> {
                    $crate::wasm::about::names($metadata_names)
                }
            }

            $crate::wasm::about_bindings::export_described_plugin!(
                Described with_types_in $crate::wasm::about_bindings
            );
        };
    };
}
