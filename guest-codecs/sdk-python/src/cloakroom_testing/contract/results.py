"""`componentize_py_types`: results of the component model."""

from dataclasses import dataclass
from typing import Any


@dataclass
class Some:
    """The value of an option in an option."""

    value: Any


@dataclass
class Ok:
    """A result that is no error."""

    value: Any


class Err(Exception):
    """An error of the contract. A plugin raises it, and so do the calls that it makes."""

    def __init__(self, value: Any) -> None:
        super().__init__(value)
        self.value = value
