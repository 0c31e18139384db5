#!/bin/sh
# Installs the pinned C compiler into .venv. CC names a compiler that is there already.
set -eu
cd "$(dirname "$0")"
[ -n "${CC:-}" ] || [ -x .venv/bin/python ] || {
    python3 -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
}
mkdir -p build
