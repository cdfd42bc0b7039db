"""One request to an HTTP API: a deadline, a bounded answer, and every failure an error of the service's own.

What the clients of Alertmanager, Prometheus and the like stand on. Redirects are not followed and the
environment's proxies not used: an API is where the settings say, and credentials go nowhere else.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import TypeVar

import httpx
import msgspec

from services.errors import (
    ApiBehindPage,
    ApiNotUnderstood,
    ApiRedirects,
    ApiRefused,
    ApiRefusedLogin,
    ApiTimeout,
    ApiUnreachable,
)
from services.logs.text.presentable import presentable
from services.outside.dial import Dial
from services.outside.dialled_http import DialTransport

MOST_BYTES = 32 << 20  # of an answer: some 50,000 alerts
MOST_ERROR_BYTES = 64 << 10  # of an error's answer; the rest is not read
LONGEST_MESSAGE = 500
# What is read between two turns of the event loop, in rows and in bytes: some ten milliseconds at most.
SLICE, SLICE_BYTES = 200, 256 << 10
MOST_ROW_BYTES = 8 << 20  # of a single row, which no turn can be given within

T = TypeVar("T")
Raw = msgspec.Raw

# Every exception that httpx and what it stands on may raise. UnicodeError: a host name that no resolver takes.
FOREIGN = (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, httpx.CookieConflict, OSError, UnicodeError)
_ODD = (msgspec.MsgspecError, ValueError, TypeError, KeyError, OverflowError, RecursionError)


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers`: their names in any case."""

    body: bytes
    headers: Mapping[str, str]


class Api:
    """`name`: what its errors are about. Safe for many callers at once; see `open_api`."""

    def __init__(self, name: str, client: httpx.AsyncClient) -> None:
        self.name = name
        self._client = client

    async def ask(
        self,
        method: str,
        path: str,
        *,
        deadline: float,
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        json: bytes | None = None,
    ) -> Answer:
        """A 2xx answer, its body whole and of MOST_BYTES at most. `path`: below the API's URL, without a slash first.

        Raises ApiError: each of its kinds; through a host HostError, too.
        """
        headers = {"content-type": "application/json"} if json is not None else None
        try:
            async with (
                asyncio.timeout(deadline),
                self._client.stream(
                    method, path, params=params, data=form, content=json, headers=headers
                ) as response,
            ):
                return await self._answer(response)
        except TimeoutError as exc:
            raise ApiTimeout(self.name, deadline) from exc
        except FOREIGN as exc:
            raise ApiUnreachable(self.name, _line(str(exc) or type(exc).__name__)) from exc

    async def _answer(self, response: httpx.Response) -> Answer:
        status = response.status_code
        if status in (401, 403):
            raise ApiRefusedLogin(self.name)
        if status >= 400:
            raise ApiRefused(self.name, status, _words(response, await _read(response, MOST_ERROR_BYTES)))
        if not response.is_success:
            if where := _line(response.headers.get("location", "").partition("?")[0]):
                raise ApiRedirects(self.name, f"{status}, redirected to {where}", where)
            raise ApiNotUnderstood(self.name, f"HTTP status {status}")
        if _is_page(response):  # a login form says 200 too, and has done nothing of what was asked
            raise ApiBehindPage(self.name, "an HTML page")
        if response.headers.get("content-encoding", "identity") != "identity":
            raise ApiNotUnderstood(self.name, "a compressed answer, which was not asked for")
        body = await _read(response, MOST_BYTES + 1)
        if len(body) > MOST_BYTES:
            raise ApiNotUnderstood(self.name, f"an answer of more than {MOST_BYTES >> 20} MiB")
        return Answer(body, response.headers)

    @contextmanager
    def understanding(self) -> Iterator[None]:
        """Around whatever makes sense of an answer. Raises ApiNotUnderstood."""
        try:
            yield
        except _ODD as exc:
            raise ApiNotUnderstood(self.name, _line(str(exc) or type(exc).__name__)) from exc

    async def each(self, rows: Sequence[Raw], read: Callable[[Raw], T]) -> tuple[T, ...]:
        """`read` of every row, in slices, so that a long answer does not hold the event loop up; what is longer than a
        slice by itself, such as a series of weeks, in a thread. Always one after another.

        Raises ApiNotUnderstood.
        """
        made: list[T] = []
        for part in _slices(rows):
            with self.understanding():
                if sum(map(_size, part)) <= SLICE_BYTES:
                    made += map(read, part)
                elif max(map(_size, part)) > MOST_ROW_BYTES:
                    raise ApiNotUnderstood(self.name, f"a row of more than {MOST_ROW_BYTES >> 20} MiB")
                else:
                    made += await asyncio.to_thread(_each, part, read)
            await asyncio.sleep(0)
        return tuple(made)


@asynccontextmanager
async def open_api(
    name: str,
    url: str,
    username: str = "",
    password: str = "",
    *,
    token: str = "",
    dial: Dial | None = None,
    context: ssl.SSLContext | None = None,
) -> AsyncIterator[Api]:
    """`url`: with the path it is served under, if any. Basic auth when a username is given, a bearer's with a token.

    dial: how to get there, directly where None. context: of TLS, by default one that believes the usual authorities.
    Nothing is asked yet. Raises ApiUnreachable for a URL that is none.
    """
    headers = {"accept": "application/json", "accept-encoding": "identity", "user-agent": "vakhta"}
    headers |= {"authorization": f"Bearer {token}"} if token else {}
    limits = httpx.Limits(max_connections=8, max_keepalive_connections=8, keepalive_expiry=30)
    try:
        client = httpx.AsyncClient(
            base_url=url.rstrip("/") + "/",
            auth=(username, password) if username else None,
            headers=headers,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),  # none is ever kept
            limits=limits,
            transport=DialTransport(dial, limits, context) if dial else None,
            verify=context or True,
            timeout=httpx.Timeout(None),  # `ask` has a deadline for the whole
            follow_redirects=False,
            trust_env=False,
        )
    except httpx.InvalidURL as exc:
        raise ApiUnreachable(name, _line(str(exc))) from exc
    async with client:
        yield Api(name, client)


def _slices(rows: Sequence[Raw]) -> Iterator[Sequence[Raw]]:
    start = size = 0
    for end, row in enumerate(rows, 1):
        size += _size(row)
        if end - start == SLICE or size >= SLICE_BYTES or end == len(rows):
            yield rows[start:end]
            start, size = end, 0


def _size(row: Raw) -> int:
    return memoryview(row).nbytes


def _each(rows: Sequence[Raw], read: Callable[[Raw], T]) -> list[T]:
    return list(map(read, rows))


async def _read(response: httpx.Response, most: int) -> bytes:
    """As it came over the wire, and no more than `most`: what is compressed is never blown up."""
    body = bytearray()
    async for data in response.aiter_raw(65536):
        body += data
        if len(body) >= most:
            break
    return bytes(body[:most])


def _is_page(response: httpx.Response) -> bool:
    return "html" in response.headers.get("content-type", "")


def _words(response: httpx.Response, body: bytes) -> str:
    """What an error answer says: JSON text, the `error` or `message` of an object, or plain text."""
    if _is_page(response):
        return _line(response.reason_phrase)
    try:
        said = msgspec.json.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _line(body.decode(errors="replace"))
    if isinstance(said, dict):
        said = said.get("error") or said.get("message")
    return _line(said if isinstance(said, str) else response.reason_phrase)


def _line(text: str) -> str:
    return presentable(" ".join(text[: 4 * LONGEST_MESSAGE].split()))[:LONGEST_MESSAGE]
