#!/bin/sh
# Installs what package-lock.json pins, writes types for the contract, and compiles.
set -eu
cd "$(dirname "$0")"
# jco 1.31 to 1.35 cannot read WIT files ("os error 44"): stay with the pinned version.
[ -d node_modules ] || npm ci --no-audit --no-fund --loglevel=error
[ -d types ] || npx jco guest-types wit --world-name plugin --out-dir types --quiet
npx tsc
