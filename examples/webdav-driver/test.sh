#!/bin/sh
# Runs the tests of what needs no host.
set -eu
cd "$(dirname "$0")"
./setup.sh
node --test dist/test/
