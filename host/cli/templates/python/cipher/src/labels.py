"""Metadata of a sealed payload. It needs no host, so the tests run it as it is."""

# It is written into every payload, and a history keeps it for years. Never reuse it for other bytes.
ENCODING = "binary/{{name}}"

# Metadata that names the key which opens a payload. It stands in the clear.
KEY = "{{name}}-key"


def metadata(key):
    """Returns the metadata of a payload that was sealed under this key."""
    return [("encoding", ENCODING.encode()), (KEY, key.encode())]


def key_of(value):
    """Returns the id of a key, or None if the metadata holds none."""
    try:
        return value.decode() if value else None
    except UnicodeDecodeError:
        return None
