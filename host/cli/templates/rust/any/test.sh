#!/bin/sh
# Runs the tests, natively: without a host and without WebAssembly.
set -eu
cd "$(dirname "$0")"
cargo test
