"""`keys`: sealing with keys that the host holds."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Callable

from ..instance import running
from . import cipher
from .buffers import Buffer
from .cipher import digest
from .errors import Error_Denied, Error_Malformed, Error_NotFound, not_granted
from .results import Err

SALT, COMMITMENT, NONCE = 24, 32, 12

# Bytes that sealing and opening count as output besides their input.
OVERHEAD = 128


@dataclass
class Sealed:
    """A sealed body, and the id of the key that opens it."""

    key: str
    data: Buffer


def seal(ring: str, plaintext: Buffer, associated: bytes) -> Sealed:
    """Seals under the ring's current key, with a random salt."""
    return _seal(ring, plaintext, associated, lambda key, body: os.urandom(SALT))


def seal_repeatably(ring: str, plaintext: Buffer, associated: bytes) -> Sealed:
    """Seals so that sealing the same again gives the same bytes."""

    def salt(key: bytes, body: bytes) -> bytes:
        return digest(b"salt", key, associated, body)[:SALT]

    return _seal(ring, plaintext, associated, salt)


def open(ring: str, key: str, data: Buffer, associated: bytes) -> Buffer:
    """Opens what `seal` or `seal_repeatably` made."""
    sealed, ids = data._get(), key_ids(ring)
    running().count_output(len(sealed) + OVERHEAD)
    secret = find(ring, ids, key)
    salt, rest = sealed[:SALT], sealed[SALT:]
    if not rest.startswith(digest(b"commitment", secret, salt)):
        raise _mismatch()
    return _opened(b"seal", secret, SALT + COMMITMENT, sealed, associated)


def seal_aes_gcm(ring: str, plaintext: Buffer, associated: bytes) -> Sealed:
    """Seals with the layout of AES-256-GCM."""
    body, id = plaintext._get(), current(key_ids(ring))
    running().count_output(len(body) + OVERHEAD)
    sealed = cipher.seal(b"aes-gcm", secret_of(ring, id), os.urandom(NONCE), body, associated)
    return Sealed(id, Buffer._of(sealed))


def open_aes_gcm(ring: str, key: str, data: Buffer, associated: bytes) -> Buffer:
    """Opens what `seal_aes_gcm` made."""
    sealed, ids = data._get(), key_ids(ring)
    running().count_output(len(sealed) + OVERHEAD)
    return _opened(b"aes-gcm", find(ring, ids, key), NONCE, sealed, associated)


def _seal(
    ring: str, plaintext: Buffer, associated: bytes, salt: Callable[[bytes, bytes], bytes]
) -> Sealed:
    body, id = plaintext._get(), current(key_ids(ring))
    running().count_output(len(body) + OVERHEAD)
    secret = secret_of(ring, id)
    head = salt(secret, body)
    head += digest(b"commitment", secret, head)
    return Sealed(id, Buffer._of(cipher.seal(b"seal", secret, head, body, associated)))


def _opened(layout: bytes, secret: bytes, head: int, sealed: bytes, associated: bytes) -> Buffer:
    try:
        return Buffer._of(cipher.open(layout, secret, head, sealed, associated))
    except cipher.Mismatch:
        raise _mismatch() from None


def _mismatch() -> Err:
    return Err(Error_Malformed("sealed under another key, for another purpose, or changed since"))


def key_ids(ring: str) -> list[str]:
    """Returns the ids of a granted ring, the current one first."""
    ids = running().grants.rings.get(ring)
    if ids is None:
        raise Err(not_granted("key ring", ring))
    return ids


def current(ids: list[str]) -> str:
    """Returns the id of the current key."""
    if not ids:
        raise Err(Error_Denied("the key ring is empty"))
    return ids[0]


def find(ring: str, ids: list[str], id: str) -> bytes:
    """Returns the secret of one key of a ring."""
    if id not in ids:
        raise Err(Error_NotFound("no key of the ring has this payload's key id"))
    return secret_of(ring, id)


def secret_of(ring: str, id: str) -> bytes:
    """Returns the secret of a key, which only tests may know."""
    return digest(b"key", ring.encode(), id.encode())
