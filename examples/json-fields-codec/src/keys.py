"""Keys of objects. They need no host, so the tests run them as they are."""

import re
from urllib.parse import quote

DIGEST = re.compile(rb"[0-9a-f]{64}")


def is_digest(text):
    """Returns whether this is a SHA-256 in hexadecimal digits."""
    return DIGEST.fullmatch(text) is not None


def object_key(namespace, digest):
    """Returns the key of an object. Operators grant and expire objects by the namespace in it."""
    if not namespace:
        return f"v0/d/sha256/{digest}"
    return f"v0/ns/{segment(namespace)}/d/sha256/{digest}"


def segment(name):
    """Escapes a name, so that it is one segment of a key in every store."""
    if name in (".", ".."):
        # Clients on the way would resolve these as paths.
        return name.replace(".", "%2E")
    return quote(name, safe="!-_.*'()").replace("~", "%7E")
