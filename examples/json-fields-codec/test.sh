#!/bin/sh
# Runs the tests of what needs no host.
set -eu
cd "$(dirname "$0")"
./setup.sh
"${PYTHON:-.venv/bin/python}" -m unittest discover --start-directory tests --top-level-directory .
