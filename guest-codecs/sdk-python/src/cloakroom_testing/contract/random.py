"""`random`: randomness that the host draws at each call."""

import os

from ..instance import Trap

MOST = 65_536


def draw(count: int) -> bytes:
    """Draws `count` bytes."""
    if count > MOST:
        raise Trap("protocol", "asked for more than 65,536 random bytes at once")
    return os.urandom(count)
