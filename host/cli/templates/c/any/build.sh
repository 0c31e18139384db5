#!/bin/sh
# Builds plugin.wasm.
set -eu
cd "$(dirname "$0")"
./setup.sh
cc="${CC:-.venv/bin/python -m ziglang cc}"
# A reactor: other modules run their constructors again in each call. The stack of zig would be 16 MiB.
$cc -target wasm32-wasi -mexec-model=reactor -std=gnu11 -Os -Wall -Wextra -Werror -Isrc -Ibindings \
    -Wl,-z,stack-size=131072 src/*.c bindings/*.c -s -o build/core.wasm
"${CLOAKROOM:-cloakroom}" plugin component build/core.wasm --world {{world}} --output plugin.wasm
