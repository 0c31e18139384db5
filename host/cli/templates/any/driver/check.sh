#!/bin/sh
# Tests, builds and checks the plugin. CI runs this.
set -eu
cd "$(dirname "$0")"
cloakroom="${CLOAKROOM:-cloakroom}"

./test.sh
./build.sh
"$cloakroom" plugin check plugin.wasm --set bucket=payloads
mkdir -m 700 -p objects
"$cloakroom" check --config cloakroom.toml --stores
echo "{{name}}: all checks passed"
