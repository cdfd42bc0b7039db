"""Docker's SDK, wary of what an engine may answer, and its errors as ours. The only user of docker."""

import ssl
import threading
from collections.abc import Callable
from http.cookiejar import DefaultCookiePolicy
from typing import Any, TypeVar

import docker
import requests
import urllib3
from docker.errors import APIError, DockerException, StreamParseError
from docker.tls import TLSConfig

from services.domain.stock import Kind
from services.errors import ContainerGone, DeadlineExceeded, EngineRefused, HostError, HostSilent, Silence
from services.fleet.link import Link
from services.fleet.pool import SocketAdapter, TlsAdapter
from services.fleet.streams import ERROR_LIMIT, AnswerTooLarge
from services.logs.text.presentable import presentable

THREADS = 4  # for reads, and as many for acts, each with a connection of its own
MOST_VALUES = 1_000_000  # in one answer: each may take thirty times its bytes once it is an object
NOT_UNDERSTOOD, TOO_LARGE = "the answer was not understood", "the answer is too large"

T = TypeVar("T")
Ask = Callable[["Client"], T]

# Every exception that the SDK and what it stands on may raise; see `translated`.
FOREIGN = (
    DockerException, StreamParseError, requests.RequestException, urllib3.exceptions.HTTPError,
    urllib3.exceptions.ProxySchemeUnsupported, AnswerTooLarge, OSError,
)  # fmt: skip


class Client(docker.APIClient):
    """The SDK's low-level client, with a timeout for each call instead of one for all, and wary of the answers.

    made_for: the link's contact and API version, with which it is void.
    """

    def __init__(self, link: Link, made_for: tuple[int, str]) -> None:
        tls: TLSConfig | bool = False
        if files := link.tls:
            tls = TLSConfig(client_cert=(files.cert, files.key), ca_cert=files.ca, verify=True)
        super().__init__(base_url=link.base_url, version=link.api_version, tls=tls)
        if link.socket_path:
            self.mount("http+docker://", SocketAdapter(link.socket_path, 2 * THREADS))
        else:
            self.mount("https://", TlsAdapter(2 * THREADS))
        self.trust_env = False  # no proxies, no netrc
        self.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
        self.headers["Accept-Encoding"] = "identity"
        self.hooks["response"].append(_demand_plain)
        self.made_for = made_for
        self._call = threading.local()

    def request(self, *args: Any, **kwargs: Any) -> requests.Response:
        total = urllib3.Timeout(total=self._call.seconds)
        response = super().request(*args, **{**kwargs, "timeout": total, "allow_redirects": False})
        if sum(map(response.content.count, (b"{", b"[", b","))) > MOST_VALUES:
            raise AnswerTooLarge
        return response

    def carry_out(self, ask: Ask[T], seconds: float, host: str, name: str) -> T:
        """Call `ask` in this thread. seconds: until the connection is given up, however much still comes."""
        self._call.seconds = seconds
        try:
            return ask(self)
        except FOREIGN as exc:
            raise translated(exc, host, name, seconds) from exc


def removal(kind: Kind, identity: str, image: str = "") -> Ask[None]:
    """By its id, and nothing beside it. image: as `DockerEngine.remove` has it."""

    def remove_image(sdk: Client) -> None:
        if image:
            inspect: Callable[[str], object] = sdk.inspect_image
            _demand_same(inspect(identity), identity, image)
        sdk.remove_image(identity, noprune=True)

    only: Any = {"id": [identity]}  # the SDK's types know fewer filters than the engine
    ways: dict[Kind, Ask[Any]] = {
        Kind.IMAGES: remove_image,
        Kind.UNUSED: remove_image,
        Kind.CONTAINERS: lambda sdk: sdk.remove_container(identity),
        Kind.VOLUMES: lambda sdk: sdk.remove_volume(identity),
        Kind.CACHE: lambda sdk: sdk.prune_builds(filters=only, all=True),
    }
    return ways[kind]


def _demand_same(found: object, identity: str, image: str) -> None:
    """An engine does not mind that a name now leads elsewhere, and that an image without a name has got one."""
    if not isinstance(found, dict) or found.get("Id") != image:
        raise DockerException(f"{identity} is another image now")
    if identity == image and found.get("RepoTags"):
        raise DockerException(f"{identity} has got a name")


def wants_other_version(refusal: EngineRefused) -> bool:
    """It says "client version 1.45 is too new", or too old: the engine was exchanged meanwhile."""
    return refusal.status == 400 and "client version" in refusal.message


def _demand_plain(response: requests.Response, **_: object) -> None:
    """Before the body is read: a small compressed one may unfold without end, and a redirect leads elsewhere."""
    encoding = response.headers.get("Content-Encoding", "identity")
    redirect = 300 <= response.status_code < 400 and response.status_code != 304  # 304: it is so already
    if redirect or encoding.lower() != "identity":
        response.close()
        raise DockerException("the answer is a redirect" if redirect else "the answer is compressed")


def translated(exc: Exception, host: str, name: str, seconds: float) -> HostError:
    """Ours for one of FOREIGN. name: the container that was asked for, or ""."""
    text = str(exc)[:ERROR_LIMIT]
    match exc:
        case APIError() if exc.status_code == 404 and name:
            return ContainerGone(host, name)
        case APIError():
            return EngineRefused(
                host, exc.status_code or 0, presentable(str(exc.explanation or text)[:ERROR_LIMIT])
            )
        case requests.JSONDecodeError():
            return EngineRefused(host, 0, NOT_UNDERSTOOD)
        case AnswerTooLarge():
            return EngineRefused(host, 0, TOO_LARGE)
        case requests.Timeout() | urllib3.exceptions.TimeoutError() | TimeoutError():
            return DeadlineExceeded(host, seconds)
        case requests.exceptions.SSLError() | urllib3.exceptions.SSLError() | ssl.SSLError():
            return HostSilent(host, Silence.TLS, detail=text)
        case DockerException() | StreamParseError():  # the SDK's own objections
            return EngineRefused(host, 0, presentable(text))
        case _:
            return HostSilent(host, Silence.ENGINE, detail=text)
