"""Traefik's API, as version 3 speaks it: what is routed where, and what Traefik itself thinks of it.

Every call raises ApiError, whose `api` is "traefik". The API is read only. Certificates are told since 3.7.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import TypeVar

import msgspec

from services.domain.routing import Protocol, Routing, StoredCertificate
from services.errors import ApiNotUnderstood, ApiRefused, ApiTimeout, ApiTooOld
from services.http import Api, Raw, open_api
from services.outcomes import settled, value_of
from services.outside.dial import Dial
from services.traefik_rows import (
    certificate_of,
    entry_point_of,
    middleware_of,
    router_of,
    service_of,
    version_of,
)

API = "traefik"
OLDEST = "3.0"
_TOO_OLD = ("1", "2")  # what is no number, such as the name of a branch that was built, is believed to be new

T = TypeVar("T")

_Part = tuple[Protocol, str]
_PARTS: tuple[_Part, ...] = tuple(
    (protocol, kind)
    for protocol in Protocol
    for kind in ("routers", "services", "middlewares")
    if (protocol, kind) != (Protocol.UDP, "middlewares")
)
_ROWS = msgspec.json.Decoder(list[Raw])
_PER_PAGE = 1000
# A proxy that serves more is none that we know how to read, and one that pages in circles must end.
_MOST_PAGES = 50


class Traefik:
    """Deadlines are in seconds, for the whole call."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def version(self, *, deadline: float = 5) -> str:
        """As it names itself, such as 3.7.15. ApiTooOld for one before 3, ApiNotUnderstood for what is no Traefik."""
        answer = await self._api.ask("GET", "api/version", deadline=deadline)
        with self._api.understanding():
            version = version_of(answer.body)
        if version.partition(".")[0] in _TOO_OLD:
            said = f"Traefik {version}, where {OLDEST} or newer is needed"
            raise ApiTooOld(API, said, version, OLDEST)
        return version

    async def routing(self, *, deadline: float = 5) -> Routing:
        """All of it. The version first: what is no Traefik is told from one that fails."""
        ends = asyncio.get_running_loop().time() + deadline
        try:
            version = await self.version(deadline=deadline)
            parts = [partial(self._rows, f"{protocol}/{kind}", ends) for protocol, kind in _PARTS]
            certificates, points, found = await asyncio.gather(
                settled(partial(self._certificates, ends)),
                settled(partial(self._rows, "entrypoints", ends)),
                asyncio.gather(*map(settled, parts)),
            )
            rows = dict(zip(_PARTS, map(value_of, found), strict=True))
            return Routing(
                version=version,
                routers=await self._each(rows, "routers", router_of),
                services=await self._each(rows, "services", service_of),
                middlewares=await self._each(rows, "middlewares", middleware_of),
                entry_points=await self._api.each(value_of(points), entry_point_of),
                certificates=value_of(certificates),
            )
        except ApiTimeout as late:
            raise ApiTimeout(API, deadline) from late

    async def _each(
        self, rows: Mapping[_Part, Sequence[Raw]], kind: str, read: Callable[[Protocol, Raw], T]
    ) -> tuple[T, ...]:
        found: list[T] = []
        for protocol in Protocol:
            found += await self._api.each(rows.get((protocol, kind), ()), partial(read, protocol))
        return tuple(found)

    async def _certificates(self, ends: float) -> tuple[StoredCertificate, ...] | None:
        try:
            rows = await self._rows("certificates", ends)
        except ApiRefused as refusal:
            if refusal.status == 404:  # before 3.7
                return None
            raise
        return await self._api.each(rows, certificate_of)

    async def _rows(self, path: str, ends: float) -> list[Raw]:
        """Of all pages. `ends`: by the loop's time."""
        rows: list[Raw] = []
        page = 1
        for _ in range(_MOST_PAGES):
            left = ends - asyncio.get_running_loop().time()
            params = {"page": str(page), "per_page": str(_PER_PAGE)}
            answer = await self._api.ask("GET", f"api/{path}", params=params, deadline=max(left, 0))
            with self._api.understanding():
                rows += _ROWS.decode(answer.body)
                following = int(answer.headers.get("x-next-page", "1"))
            if following <= page:  # behind the last one it says 1
                return rows
            page = following
        raise ApiNotUnderstood(API, f"more than {_MOST_PAGES} pages of {path}")


@asynccontextmanager
async def open_traefik(
    url: str,
    username: str = "",
    password: str = "",
    *,
    dial: Dial | None = None,
    context: ssl.SSLContext | None = None,
) -> AsyncIterator[Traefik]:
    """As `services.http.open_api`; `url` is the one below which `api/` is, without it."""
    async with open_api(API, url, username, password, dial=dial, context=context) as api:
        yield Traefik(api)
