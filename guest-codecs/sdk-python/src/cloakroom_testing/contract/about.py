"""`wit_world.exports.about`: facts that a plugin tells about itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Facts:
    """Facts for people."""

    name: str
    version: str
    licence: str
    summary: str
    homepage: str | None


@dataclass
class IntegerRange:
    """Whole numbers from `least` to `most`, both included."""

    least: int
    most: int


@dataclass
class SizeRange:
    """Bytes from `least` to `most`, both included."""

    least: int
    most: int


@dataclass
class SettingKind_Text:
    """Any text."""


@dataclass
class SettingKind_Flag:
    """`true` or `false`."""


@dataclass
class SettingKind_Integer:
    """A whole number."""

    value: IntegerRange


@dataclass
class SettingKind_Size:
    """A number of bytes, such as `64MiB`."""

    value: SizeRange


@dataclass
class SettingKind_Duration:
    """A time, such as `5s`."""


@dataclass
class SettingKind_OneOf:
    """One of these words."""

    value: list[str]


@dataclass
class SettingKind_Lines:
    """A list of texts."""


@dataclass
class SettingKind_NameOf:
    """The name of something that must be granted."""

    value: str


@dataclass
class Setting:
    """One setting."""

    name: str
    description: str
    kind: object
    default: str | None
    required: bool
