"""A toy cipher for tests: it has the layout and the refusals of the host's, and no security."""

import hashlib

TAG = 16


class Mismatch(Exception):
    """The bytes were not sealed under this key, or were changed since."""


def digest(*parts: bytes) -> bytes:
    """Hashes the parts, each behind its length."""
    hasher = hashlib.sha256()
    for part in parts:
        hasher.update(len(part).to_bytes(8, "big") + part)
    return hasher.digest()


def seal(layout: bytes, key: bytes, head: bytes, plaintext: bytes, associated: bytes) -> bytes:
    """Encrypts behind `head`, which the tag authenticates. `layout` is bound, too."""
    body = head + _apply_keystream(key, head, plaintext)
    return body + digest(layout, key, associated, body)[:TAG]


def open(layout: bytes, key: bytes, head: int, sealed: bytes, associated: bytes) -> bytes:
    """Decrypts what `seal` wrote behind a head of `head` bytes."""
    if len(sealed) < head + TAG:
        raise Mismatch
    body, tag = sealed[:-TAG], sealed[-TAG:]
    if digest(layout, key, associated, body)[:TAG] != tag:
        raise Mismatch
    return _apply_keystream(key, body[:head], body[head:])


def _apply_keystream(key: bytes, head: bytes, contents: bytes) -> bytes:
    blocks = range(0, len(contents), 32)
    stream = b"".join(digest(b"stream", key, head, at.to_bytes(8, "big")) for at in blocks)
    mask = int.from_bytes(stream[: len(contents)], "big")
    return (int.from_bytes(contents, "big") ^ mask).to_bytes(len(contents), "big")
