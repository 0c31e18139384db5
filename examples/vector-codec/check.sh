#!/bin/sh
# Tests, builds and checks the plugin.
set -eu
cd "$(dirname "$0")"
cloakroom="${CLOAKROOM:-cloakroom}"

./test.sh
./build.sh
"$cloakroom" plugin check plugin.wasm
"$cloakroom" check --config cloakroom.toml
echo "vector-codec: all checks passed"
