#!/bin/sh
# Tests, builds and checks the plugin. The service of cloakroom.toml keeps some objects of the checks.
set -eu
cd "$(dirname "$0")"
cloakroom="${CLOAKROOM:-cloakroom}"

./test.sh
./build.sh
"$cloakroom" plugin check plugin.wasm --config cloakroom.toml
"$cloakroom" check --config cloakroom.toml --stores
echo "webdav-driver: all checks passed"
