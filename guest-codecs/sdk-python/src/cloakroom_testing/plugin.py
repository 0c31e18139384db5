"""Calls of a plugin, as the host makes them."""

from __future__ import annotations

from contextlib import contextmanager

from .contract import protobuf, types
from .contract.buffers import Buffer
from .contract.results import Err
from .instance import Instance, Trap
from .values import Payload, Target


@contextmanager
def call(instance: Instance, describing: bool = False):
    """Runs a call. An exception that is no error of the contract ends the instance, as in a host."""
    with instance.call(describing):
        try:
            yield
        except Err:
            raise
        except Exception as error:
            text = f"trapped: the plugin raised {type(error).__name__}"
            raise Trap("trapped", text) from error


class Codec:
    """A loaded codec."""

    def __init__(self, instance: Instance, plugin, metadata_names: list[str]) -> None:
        self._instance, self._plugin, self._names = instance, plugin, metadata_names
        with call(instance, describing=True):
            described = plugin.describe()
        self.encodings, self.purpose = list(described.encodings), described.purpose

    def encode(self, payload: Payload, target: Target | None = None) -> Payload | None:
        """Offers a payload. None means that the codec leaves it as it is."""
        self._instance.moves_parts = True
        return self._run("encode", payload, target)

    def decode(self, payload: Payload, target: Target | None = None) -> Payload:
        """Decodes a payload. One that is not the codec's comes back as it is, without a call."""
        if not self._owns(payload):
            return payload
        self._instance.moves_parts = False
        decoded = self._run("decode", payload, target)
        if decoded is None:
            raise Trap("trapped", "trapped: `decode` returned nothing")
        return decoded

    def _owns(self, payload: Payload) -> bool:
        encoding = payload.metadata.get("encoding", b"")
        is_declared = any(name.encode() == encoding for name in self.encodings)
        return is_declared or any(name in payload.metadata for name in self._names)

    def _run(self, name: str, payload: Payload, target: Target | None) -> Payload | None:
        with call(self._instance):
            message = protobuf.Message(dict(payload.metadata), payload.data)
            lent = types.Payload._lent(self._instance.put(message))
            with _context(self._instance, target) as ctx, _giving_back(lent):
                answer = getattr(self._plugin, name)(ctx, lent)
            if answer is None:
                return None
            message = answer._take()
            result = Payload(message.metadata, message.data)
            if name == "encode" and not self._owns(result):
                raise Trap("protocol", "wrote an encoding that it did not declare")
            return result


class Driver:
    """A loaded driver."""

    def __init__(self, instance: Instance, plugin) -> None:
        self._instance, self._plugin = instance, plugin
        with call(instance, describing=True):
            self.kind = plugin.describe().kind

    def store(self, object: bytes, target: Target | None = None) -> dict[str, str]:
        """Stores an object, and returns its claim."""
        with call(self._instance):
            with _context(self._instance, target) as ctx:
                claim = self._plugin.store(ctx, Buffer._of(bytes(object)))
            if len(dict(claim)) != len(claim):
                raise Trap("protocol", "gave a claim with two entries of one name")
            return dict(claim)

    def retrieve(self, claim: dict[str, str], target: Target | None = None) -> bytes:
        """Returns the object of a claim."""
        with call(self._instance):
            with _context(self._instance, target) as ctx:
                found = self._plugin.retrieve(ctx, sorted(claim.items()))
            return found._take()


def _context(instance: Instance, target: Target | None):
    return _giving_back(types.Context._lent(instance.put_context(target or Target())))


@contextmanager
def _giving_back(lent):
    """Ends a borrow, as the bindings do when the plugin returns."""
    try:
        yield lent
    finally:
        lent._handle = None


def check_settings(instance: Instance, module, given: dict[str, str]) -> list[str]:
    """Refuses settings as the host does for a plugin that describes itself. Returns its metadata names.

    Raises ValueError for a setting that is not known, and for a required one that is missing.
    """
    if not hasattr(module, "About"):
        return []
    about = module.About()
    with call(instance, describing=True):
        known = {setting.name: setting for setting in about.settings()}
        names = list(about.metadata_names())
    for name in given:
        if name not in known:
            raise ValueError(f"there is no setting `{name}`; there are: {', '.join(sorted(known))}")
    for setting in known.values():
        if setting.required and setting.name not in given:
            raise ValueError(f"setting `{setting.name}` is needed")
    return names
