#!/bin/sh
# Tests, builds and checks the plugin.
set -eu
cd "$(dirname "$0")"
cloakroom="${CLOAKROOM:-cloakroom}"

./test.sh
./build.sh
"$cloakroom" plugin check plugin.wasm --set bucket=fields --set fields=iban
mkdir -m 700 -p objects
"$cloakroom" check --config cloakroom.toml --stores
echo "json-fields-codec: all checks passed"
