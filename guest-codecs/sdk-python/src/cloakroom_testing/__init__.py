# SPDX-License-Identifier: Apache-2.0
"""Tests of Cloakroom plugins in plain Python.

`Host` grants settings, key rings, buckets, services and secrets in memory, and calls a plugin as the
host does. Importing this package makes `wit_world` and `componentize_py_types` importable.
"""

from . import modules

modules.install()

from .contract.http import Request, Response  # noqa: E402
from .host import Codec, Driver, Host  # noqa: E402
from .instance import Limits, Trap  # noqa: E402
from .values import Payload, Target, payload  # noqa: E402

__version__ = "0.1.0"
__all__ = [
    "Codec",
    "Driver",
    "Host",
    "Limits",
    "Payload",
    "Request",
    "Response",
    "Target",
    "Trap",
    "payload",
]
