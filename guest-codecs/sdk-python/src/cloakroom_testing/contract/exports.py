"""`wit_world.exports`: what a plugin implements."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from types import ModuleType

from . import about


class Purpose(Enum):
    """What a codec is for."""

    COMPRESSION = 0
    CONVERSION = 1
    ENCRYPTION = 2


@dataclass
class CodecDescription:
    """What a codec says of itself."""

    encodings: list[str]
    purpose: Purpose


@dataclass
class DriverDescription:
    """What a driver says of itself."""

    kind: str


class Codec:
    """A codec."""


class Driver:
    """A driver."""


class About:
    """What a plugin says of itself."""


codec, driver = ModuleType("wit_world.exports.codec"), ModuleType("wit_world.exports.driver")
codec.Purpose, codec.Description = Purpose, CodecDescription
driver.Description = DriverDescription

__all__ = ["About", "Codec", "Driver", "about", "codec", "driver"]
