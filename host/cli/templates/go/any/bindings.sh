#!/bin/sh
# Writes the bindings again, for example for another world. Needs wit-bindgen:
#   cargo install wit-bindgen-cli --version 0.61.1 --no-default-features --features go
set -eu
cd "$(dirname "$0")"
wit-bindgen go wit --world {{world}} --pkg-name example.com/{{name}}/bindings \
    --export-pkg-name example.com/{{name}} --out-dir bindings
