"""`secrets`: what the operator lets the plugin see."""

from ..instance import running
from .errors import not_granted
from .results import Err


def get(name: str) -> bytes:
    """Returns the bytes of a secret."""
    secret = running().grants.secrets.get(name)
    if secret is None:
        raise Err(not_granted("secret", name))
    return secret
