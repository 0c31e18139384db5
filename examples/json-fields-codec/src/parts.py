"""Divides a document into what stays and what is moved, and puts both together again."""

import hashlib
import json
import operator

from scan import find

# It stands in place of each moved value, so that what stays is a JSON document too.
GAP = b"null"

# It stands in every object, and tells later versions how to read it.
FORMAT = "json-fields/1"


class Malformed(Exception):
    """These parts do not belong together, or nothing here wrote them."""


def divide(document, fields, salt):
    """Returns the document without the values of these fields, and the object that holds them.

    Returns None if the document has none of them. Raises `NotJson` or `TooDeep`.
    """
    found = find(document, fields)
    if not found:
        return None
    kept, values, behind = bytearray(), [], 0
    for start, end in found:
        kept += document[behind:start]
        values.append([len(kept), document[start:end].decode()])
        kept += GAP
        behind = end
    kept += document[behind:]
    moved = {
        "format": FORMAT,
        # Whoever sees the digest of the object in a history could guess a short value otherwise.
        "salt": salt.hex(),
        "rest": hashlib.sha256(kept).hexdigest(),
        "values": values,
    }
    return bytes(kept), json.dumps(moved, ensure_ascii=False).encode()


def join(kept, moved):
    """Returns the document that was divided. Raises `Malformed`."""
    document, behind = bytearray(), 0
    for start, value in read(kept, moved):
        if start < behind or kept[start : start + len(GAP)] != GAP:
            raise Malformed("a value has no place in the payload")
        document += kept[behind:start] + value
        behind = start + len(GAP)
    return bytes(document + kept[behind:])


def read(kept, moved):
    """Returns place and bytes of each value in an object. Raises `Malformed`."""
    try:
        moved = json.loads(moved)
        if moved["format"] != FORMAT:
            raise Malformed("the object has a format that this version does not read")
        if moved["rest"] != hashlib.sha256(kept).hexdigest():
            raise Malformed("the object belongs to another payload")
        # `index` refuses what is no whole number, and `encode` what is no text.
        return [(operator.index(start), value.encode()) for start, value in moved["values"]]
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        raise Malformed("the object is none of this codec") from None
