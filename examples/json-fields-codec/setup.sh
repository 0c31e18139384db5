#!/bin/sh
# Installs the pinned tools into .venv. PYTHON names an interpreter that has them already.
set -eu
cd "$(dirname "$0")"
[ -n "${PYTHON:-}" ] || [ -x .venv/bin/componentize-py ] || {
    python3 -m venv .venv
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
}
