//! The bundled plugins, as the bytes of their components.

/// One plugin.
pub struct Bundled {
    /// The name in configurations, after `bundled:`.
    pub name: &'static str,
    /// Its component.
    pub wasm: &'static [u8],
}

/// As the build script of a checkout has built it.
#[cfg(cloakroom_checkout)]
macro_rules! component {
    ($library:literal) => {
        include_bytes!(concat!(env!("OUT_DIR"), "/", $library, ".wasm"))
    };
}

/// As it was published.
#[cfg(not(cloakroom_checkout))]
macro_rules! component {
    ($library:literal) => {
        // rustc shows the next line if the file is missing.
        include_bytes!(concat!("../prebuilt/", $library, ".wasm")) // vendored? See README.md: `cargo xtask plugins`
    };
}

static ALL: [Bundled; 11] = [
    Bundled { name: "aes-gcm", wasm: component!("cloakroom_codec_aes_gcm") },
    Bundled { name: "azure", wasm: component!("cloakroom_driver_azure") },
    Bundled { name: "chacha20-poly1305", wasm: component!("cloakroom_codec_chacha20_poly1305") },
    Bundled { name: "file", wasm: component!("cloakroom_driver_file") },
    Bundled { name: "gcs", wasm: component!("cloakroom_driver_gcs") },
    Bundled { name: "gzip", wasm: component!("cloakroom_codec_gzip") },
    Bundled { name: "redis", wasm: component!("cloakroom_driver_redis") },
    Bundled { name: "s3", wasm: component!("cloakroom_driver_s3") },
    Bundled { name: "snappy", wasm: component!("cloakroom_codec_snappy") },
    Bundled { name: "zlib", wasm: component!("cloakroom_codec_zlib") },
    Bundled { name: "zstd", wasm: component!("cloakroom_codec_zstd") },
];

/// Returns every bundled plugin, in the order of their names.
#[must_use]
pub fn all() -> &'static [Bundled] {
    &ALL
}

/// Returns the plugin of this name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Bundled> {
    all().iter().find(|bundled| bundled.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A module's preamble has a 1 and a 0 where a component's has `0d 00 01 00`.
    const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

    #[test]
    fn each_is_a_component() {
        for bundled in all() {
            assert!(bundled.wasm.starts_with(COMPONENT), "{}", bundled.name);
        }
    }

    #[test]
    fn none_imports_wasi_but_the_one_with_connections() {
        for bundled in all() {
            let found = bundled.wasm.windows(5).any(|bytes| bytes == b"wasi:");
            assert_eq!(found, bundled.name == "redis", "{}", bundled.name);
        }
    }

    /// The path of crates on the building machine is remapped, so that it is the same everywhere.
    #[test]
    fn none_tells_where_it_was_built() {
        let (crates, mut told) = (b"/registry/src/", 0);
        for bundled in all() {
            for (at, bytes) in bundled.wasm.windows(crates.len()).enumerate() {
                if bytes == crates {
                    let before = bundled.wasm.get(at - 6..at);
                    assert_eq!(before, Some(&b"/cargo"[..]), "{}", bundled.name);
                    told += 1;
                }
            }
        }
        assert!(0 < told, "panics tell no place any more");
    }

    #[test]
    fn each_is_found_by_its_name() {
        for bundled in all() {
            let found = find(bundled.name).unwrap();
            assert!(std::ptr::eq(found, bundled), "{}", bundled.name);
        }
        assert!(find("lz4").is_none());
    }
}
