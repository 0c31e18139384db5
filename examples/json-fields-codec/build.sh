#!/bin/sh
# Builds plugin.wasm.
set -eu
cd "$(dirname "$0")"
./setup.sh
python="${PYTHON:-.venv/bin/python}"
# Without WASI: the plugin needs none of it. Randomness comes from the host, because numbers that
# Python drew while it was built would be the same in every instance.
"$(dirname "$python")/componentize-py" --wit-path wit --world plugin \
    componentize --stub-wasi --python-path src app --output plugin.wasm
