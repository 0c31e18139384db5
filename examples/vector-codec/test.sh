#!/bin/sh
# Runs the tests of what needs no host.
set -eu
cd "$(dirname "$0")"
go test ./vectors
