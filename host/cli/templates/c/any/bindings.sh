#!/bin/sh
# Writes the bindings again, for example for another world. Needs wit-bindgen:
#   cargo install wit-bindgen-cli --version 0.61.1 --no-default-features --features c
set -eu
cd "$(dirname "$0")"
renamed() { for name; do printf -- '--rename cloakroom:plugin/%s@0.1.1=%s ' "$name" "$name"; done; }
# shellcheck disable=SC2046 # The words are options.
wit-bindgen c wit --world {{world}} --rename-world plugin --no-object-file --autodrop-borrows yes \
    $(renamed buffers types settings log random keys subkeys blobs codec driver) --out-dir bindings
