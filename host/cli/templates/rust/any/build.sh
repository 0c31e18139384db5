#!/bin/sh
# Builds plugin.wasm.
set -eu
cd "$(dirname "$0")"
cargo build --release --target wasm32-unknown-unknown
cp "${CARGO_TARGET_DIR:-target}/wasm32-unknown-unknown/release/{{library}}.wasm" plugin.wasm
