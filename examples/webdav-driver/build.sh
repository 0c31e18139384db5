#!/bin/sh
# Builds plugin.wasm.
set -eu
cd "$(dirname "$0")"
./setup.sh
# Everything is disabled, so that the plugin imports the contract and nothing of WASI. Randomness comes
# from the host: with it disabled here, crypto.getRandomValues gives the same bytes in every instance.
npx jco componentize dist/src/plugin.js --wit wit --world-name plugin \
    --bundle --bundle-config bundle.mjs --disable all --out plugin.wasm
