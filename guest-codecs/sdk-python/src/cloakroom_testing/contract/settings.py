"""`settings`: the plugin's own settings."""

from __future__ import annotations

from ..instance import running


def get(name: str) -> str | None:
    """Returns one setting."""
    return running().grants.settings.get(name)


def names() -> list[str]:
    """Returns the names of all settings that were given."""
    return sorted(running().grants.settings)
