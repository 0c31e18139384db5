"""Finds the plugin, and the stand-ins for its host."""

import sys

sys.path[:0] = ["src", "vendor"]
