"""`http`: requests to services that the operator named."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..handle import Handle
from ..instance import running
from .buffers import Buffer
from .errors import Error_Denied, Error_TooLarge, not_granted
from .http_rules import check
from .results import Err


@dataclass
class Request:
    """A request of the plugin, as its service gets it, without the host's credentials."""

    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes = field(repr=False)


@dataclass
class Response:
    """An answer of a service. A plugin gets the body as a buffer."""

    status: int
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes | Buffer = field(default=b"", repr=False)


class Service(Handle):
    """One service, within its grant."""

    def request(
        self,
        method: str,
        path: str,
        headers: list[tuple[str, str]],
        body: Buffer | None,
        limit: int,
    ) -> Response:
        """Sends one request, and waits for the answer."""
        handler = self._get()
        sent = b"" if body is None else body._get()
        if running().describing:
            raise Err(Error_Denied("services cannot be used while loading"))
        check(method, path, headers)
        answer = handler(Request(method, path, list(headers), sent))
        if len(answer.body) > limit:
            raise Err(Error_TooLarge(f"the response is larger than {limit} bytes"))
        running().count_output(len(answer.body))
        headers = [(name.lower(), value) for name, value in answer.headers]
        return Response(answer.status, headers, Buffer._of(answer.body))


def open(name: str) -> Service:
    """Opens a service by the name that it was granted under."""
    handler = running().grants.services.get(name)
    if handler is None:
        raise Err(not_granted("service", name))
    return Service._of(handler)
