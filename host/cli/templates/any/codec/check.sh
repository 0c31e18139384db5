#!/bin/sh
# Tests, builds and checks the plugin. CI runs this.
set -eu
cd "$(dirname "$0")"
cloakroom="${CLOAKROOM:-cloakroom}"

./test.sh
./build.sh
"$cloakroom" plugin check plugin.wasm
"$cloakroom" check --config cloakroom.toml
echo "{{name}}: all checks passed"
