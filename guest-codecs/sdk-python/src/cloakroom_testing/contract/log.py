"""`log`: lines for the operator."""

from enum import Enum

from ..instance import running


class Level(Enum):
    """The importance of a line."""

    TRACE = 0
    DEBUG = 1
    INFO = 2
    WARN = 3
    ERROR = 4


def write(level: Level, message: str) -> None:
    """Writes one line."""
    instance = running()
    instance.count_log(len(message.encode()))
    instance.grants.log.append((level.name.lower(), message))
