#!/bin/sh
# Runs the tests of what needs no host.
set -eu
cd "$(dirname "$0")"
./setup.sh
cc="${CC:-.venv/bin/python -m ziglang cc}"
$cc -std=gnu11 -Wall -Wextra -Werror -g -Isrc tests/*.c $(ls src/*.c | grep -v src/plugin.c) -o build/test
build/test
