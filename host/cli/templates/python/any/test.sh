#!/bin/sh
# Runs the tests: of the logic alone, and of the whole plugin on stand-ins for its host.
set -eu
cd "$(dirname "$0")"
./setup.sh
"${PYTHON:-.venv/bin/python}" -m unittest discover --start-directory tests --top-level-directory .
