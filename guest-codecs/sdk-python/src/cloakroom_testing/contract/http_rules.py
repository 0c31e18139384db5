"""Rules for requests: the ones that a plugin breaks by mistake."""

import re

from .errors import Error_Denied
from .results import Err

# Headers that the host sets itself.
RESERVED = {
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}

FORBIDDEN = {"CONNECT", "PRI", "TRACE", "TRACK"}


def check(method: str, path: str, headers: list[tuple[str, str]]) -> None:
    """Refuses a request as the host would."""
    if not re.fullmatch("[A-Z-]+", method) or method in FORBIDDEN:
        raise _denied("the method is TRACE or CONNECT, or not in capital letters")
    _check_path(path)
    for name, value in headers:
        folded = name.lower().replace("_", "-")
        if folded in RESERVED or folded.startswith("proxy-"):
            raise _denied(f"the header `{name}` belongs to the host")
        if not re.fullmatch("[!-~]+", name) or not re.fullmatch("[ -~]*", value):
            raise _denied("a header is not printable ASCII on one line")


def _check_path(path: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9\-._~!$&()*+,;=:@/%?]*", path):
        raise _denied("the path has a character that must be escaped as %XX")
    segments = path.split("?")[0].lower().replace("%2e", ".").replace("%2f", "/").split("/")
    for place, segment in enumerate(segments, 1):
        name = segment.split(";")[0]
        if (name and not name.strip(".")) or (not segment and place < len(segments)):
            raise _denied("the path has an empty, `.` or `..` segment")


def _denied(text: str) -> Err:
    return Err(Error_Denied(text))
