"""The names under which a plugin imports the contract."""

import importlib
import sys
from types import ModuleType

INTERFACES = (
    "blobs",
    "buffers",
    "http",
    "keys",
    "log",
    "random",
    "secrets",
    "settings",
    "subkeys",
    "types",
)


def install() -> None:
    """Makes `wit_world` and `componentize_py_types` importable, as in a component."""
    contract = f"{__package__}.contract"
    sys.modules["componentize_py_types"] = importlib.import_module(f"{contract}.results")
    exports = importlib.import_module(f"{contract}.exports")
    world, imports = ModuleType("wit_world"), ModuleType("wit_world.imports")
    world.imports, world.exports = imports, exports
    # A module that has submodules is a package.
    world.__path__ = imports.__path__ = []
    sys.modules["wit_world"], sys.modules["wit_world.imports"] = world, imports
    for name in INTERFACES:
        module = importlib.import_module(f"{contract}.{name}")
        setattr(imports, name, module)
        sys.modules[f"wit_world.imports.{name}"] = module
    sys.modules["wit_world.exports"] = exports
    for name in ("codec", "driver", "about"):
        module = getattr(exports, name)
        sys.modules[f"wit_world.exports.{name}"] = module
