#!/bin/sh
# Builds plugin.wasm.
set -eu
cd "$(dirname "$0")"
# The bindings allocate before Go's runtime has started, by a name of the runtime that is not public.
GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared -trimpath \
    -ldflags="-s -w -checklinkname=0" -o build/core.wasm .
# Go asks WASI for the time, even while the host has it allocate memory, and must not leave the
# component then. So WASI is answered inside of it.
"${CLOAKROOM:-cloakroom}" plugin component build/core.wasm --world compressor --stub-wasi \
    --output plugin.wasm
