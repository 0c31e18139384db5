"""The host of a test: what it grants, and how it calls a plugin."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from types import ModuleType
from typing import Callable

from .contract.http import Request, Response
from .instance import Instance, Limits
from .plugin import Codec, Driver, check_settings


@dataclass
class GrantedBucket:
    """A bucket in memory."""

    store_name: str
    objects: dict[str, bytes] = field(default_factory=dict, repr=False)


@dataclass
class Grants:
    """What the plugin may use, and the lines that it logged."""

    settings: dict[str, str]
    rings: dict[str, list[str]]
    buckets: dict[str, GrantedBucket]
    services: dict[str, Callable[[Request], Response]]
    secrets: dict[str, bytes] = field(repr=False)
    log: list[tuple[str, str]] = field(default_factory=list)


class Host:
    """A host that grants what it is given, and nothing else.

    `rings` has the ids of the keys of each ring, the current one first. `buckets` has the names that
    stores have for granted buckets. `services` has a function that answers each request.
    """

    def __init__(
        self,
        *,
        settings: dict[str, str] | None = None,
        rings: dict[str, list[str]] | None = None,
        buckets: dict[str, str] | None = None,
        services: dict[str, Callable[[Request], Response]] | None = None,
        secrets: dict[str, bytes] | None = None,
        limits: Limits | None = None,
    ) -> None:
        granted = {name: GrantedBucket(store_name) for name, store_name in (buckets or {}).items()}
        self._grants = Grants(
            dict(settings or {}), dict(rings or {}), granted, dict(services or {}), dict(secrets or {})
        )
        self._limits = limits or Limits()

    def codec(self, module: str | ModuleType) -> Codec:
        """Loads a codec from the module that `componentize-py` gets.

        Raises `Err` if the codec refuses its settings, and `Trap` if it ends its call.
        """
        loaded = _import(module)
        instance = Instance(self._grants, self._limits)
        names = check_settings(instance, loaded, self._grants.settings)
        return Codec(instance, loaded.Codec(), names)

    def driver(self, module: str | ModuleType) -> Driver:
        """Loads a driver from the module that `componentize-py` gets.

        Raises `Err` if the driver refuses its settings, and `Trap` if it ends its call.
        """
        loaded = _import(module)
        instance = Instance(self._grants, self._limits)
        check_settings(instance, loaded, self._grants.settings)
        return Driver(instance, loaded.Driver())

    def rotate(self, ring: str, ids: list[str]) -> None:
        """Replaces the keys of a ring. The first is the current one."""
        self._grants.rings[ring] = ids

    def objects(self, bucket: str) -> dict[str, bytes]:
        """Returns the objects of a bucket by their keys. A test may change them."""
        return self._grants.buckets[bucket].objects

    @property
    def log(self) -> list[tuple[str, str]]:
        """Lines that plugins logged: level and text."""
        return list(self._grants.log)


def _import(module: str | ModuleType) -> ModuleType:
    return importlib.import_module(module) if isinstance(module, str) else module
