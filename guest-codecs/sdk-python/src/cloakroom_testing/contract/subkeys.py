"""`subkeys`: bytes derived from the host's keys."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..instance import Trap
from .cipher import digest
from .keys import current, find, key_ids

# Most bytes of a subkey and of a salt.
LONGEST = 64


@dataclass
class Subkey:
    """A derived key, and the id of the key that it was derived from."""

    id: str
    bytes: bytes = field(repr=False)


def derive(ring: str, id: str | None, purpose: str, salt: bytes, length: int) -> Subkey:
    """Derives `length` bytes from the key `id`, or from the ring's current one."""
    if length > LONGEST or len(salt) > LONGEST:
        raise Trap("protocol", "asked for a subkey, or with a salt, of over 64 bytes")
    ids = key_ids(ring)
    id = current(ids) if id is None else id
    secret = find(ring, ids, id)
    # Two hashes of 32 bytes make the 64 that the contract allows.
    halves = (digest(b"subkey", secret, purpose.encode(), salt, bytes([half])) for half in (0, 1))
    return Subkey(id, b"".join(halves)[:length])
