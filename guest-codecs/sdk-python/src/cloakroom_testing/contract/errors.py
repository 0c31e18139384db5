"""The contract's errors."""

from dataclasses import dataclass


@dataclass
class _Error:
    value: str


class Error_Malformed(_Error):
    """The bytes are not what their encoding says."""


class Error_Misconfigured(_Error):
    """The settings of the plugin cannot work."""


class Error_Denied(_Error):
    """The backend or the host refused."""


class Error_NotFound(_Error):
    """A claim or a key names nothing that is there."""


class Error_Unavailable(_Error):
    """The backend did not answer."""


class Error_TooLarge(_Error):
    """Larger than the plugin accepts."""


class Error_Other(_Error):
    """None of these."""


def not_granted(kind: str, name: str) -> Error_Denied:
    """Returns the error of a plugin that asked for what it was not granted."""
    return Error_Denied(f"the {kind} `{name}` is not granted: in a test, grant it with `Host`")
