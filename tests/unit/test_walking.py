"""The way in, step by step, over real connections on loopback; names are answered by a resolver of the test's own."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

import pytest
from anyio.abc import ByteStream

from bot.container import SystemClock
from services.domain.certificates import CertificateFault
from services.domain.checks import MOST_HOPS, CheckFault, Hop, Sight, Step, Wrong
from services.errors import DeadlineExceeded, ForwardRefused
from services.outside import walking
from services.outside.addresses import AddressKind
from services.outside.dial import Dial, direct
from services.outside.resolving import Resolving, judged
from services.outside.targets import read_target
from services.outside.tls import Handshakes
from services.outside.walking import Place, Walk
from tests.lab.authority import Authority, Files, answering, serving

NAME = "dir.example.org"


def but_loopback(address: str, configured: bool) -> AddressKind | None:
    """What the rules refuse, but for what these tests stand on."""
    kind = judged(address, configured)
    return None if kind is AddressKind.LOOPBACK else kind


class Names:
    """A name server: each name's answers in turn, the last for ever."""

    def __init__(self, **answers: Sequence[Sequence[str]]) -> None:
        self._answers = {f"{name}.example.org": list(rows) for name, rows in answers.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str) -> Sequence[str]:
        self.asked.append(host)
        rows = self._answers.get(host)
        if rows is None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return rows.pop(0) if len(rows) > 1 else rows[0]


class Dialled:
    """A `Dial` that remembers where to; `there`: any address leads to loopback."""

    def __init__(self, *, there: bool = False) -> None:
        self.addresses: list[str] = []
        self._there = there

    async def __call__(self, host: str, port: int) -> ByteStream:
        self.addresses.append(host)
        return await direct("127.0.0.1" if self._there else host, port)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def files(authority: Authority) -> Files:
    return authority.files(NAME)


@pytest.fixture
async def serve(files: Files) -> AsyncIterator[Callable[..., asyncio.Future[int]]]:
    async with AsyncExitStack() as stack:

        async def start(answer: bytes = answering("200 OK"), *, plain: bool = False) -> int:
            return await stack.enter_async_context(serving(None if plain else files, answer))

        yield lambda *args, **more: asyncio.ensure_future(start(*args, **more))


Serve = Callable[..., asyncio.Future[int]]


def walk(
    authority: Authority, names: Names, dial: Dial = direct, *, near: bool = True, host: str = ""
) -> Walk:
    resolving = Resolving(names, but_loopback if near else judged)
    return Walk(Place(host, dial), resolving, Handshakes(authority.file), SystemClock())


def wrong(sight: Sight) -> tuple[Step, object]:
    assert sight.wrong is not None
    return sight.wrong.step, sight.wrong.fault


async def test_all_well(authority: Authority, serve: Serve) -> None:
    port = await serve()
    sight = await walk(authority, Names(dir=[["127.0.0.1"]])).go(read_target(f"https://{NAME}:{port}/"))
    (hop,) = sight.hops
    assert sight.wrong is None
    assert (hop.status, hop.reason, hop.address) == (200, "OK", "127.0.0.1")
    assert [step for step, _ in hop.seconds] == [Step.DNS, Step.TCP, Step.TLS, Step.HTTP]
    assert 0 < hop.total < 5


async def test_a_name_that_changes_its_mind_is_asked_once(authority: Authority, serve: Serve) -> None:
    """DNS rebinding: the first answer is public, the second 127.0.0.1, where something does listen."""
    port = await serve()
    names, dial = Names(dir=[["203.0.113.7"], ["127.0.0.1"]]), Dialled(there=True)
    walked = walk(authority, names, dial, near=False)
    await walked.go(read_target(f"https://{NAME}:{port}/"))
    await walked.go(read_target(f"https://{NAME}:{port}/"))
    assert names.asked == [NAME]
    assert dial.addresses == ["203.0.113.7", "203.0.113.7"], "never the name, never the second answer"


async def test_a_redirect_back_to_a_name_that_has_changed_its_mind(
    authority: Authority, serve: Serve
) -> None:
    port = await serve(answering("302 Found", "/again"))
    names, dial = Names(dir=[["203.0.113.7"], ["127.0.0.1"]]), Dialled(there=True)
    sight = await walk(authority, names, dial, near=False).go(read_target(f"https://{NAME}:{port}/"))
    assert set(dial.addresses) == {"203.0.113.7"}
    assert wrong(sight) == (Step.HTTP, CheckFault.LOOP)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (["127.0.0.1"], AddressKind.LOOPBACK),
        (["203.0.113.7", "127.0.0.1"], AddressKind.LOOPBACK),
        (["203.0.113.7", "::ffff:169.254.169.254"], AddressKind.METADATA),
        (["fe80::1%eth0"], AddressKind.LINK_LOCAL),
        (["no address"], AddressKind.RESERVED),
    ],
)
async def test_one_address_that_is_refused_is_enough(
    authority: Authority, answer: list[str], kind: AddressKind
) -> None:
    dial = Dialled()
    sight = await walk(authority, Names(dir=[answer]), dial, near=False).go(read_target(NAME))
    assert sight.wrong == Wrong(Step.DNS, CheckFault.REFUSED_ADDRESS, kind)
    assert dial.addresses == []


async def test_each_redirect_is_judged_anew(authority: Authority, serve: Serve) -> None:
    port = await serve(answering("302 Found", "http://inside.example.org/latest/meta-data"))
    names = Names(dir=[["127.0.0.1"]], inside=[["169.254.169.254"]])
    dial = Dialled()
    sight = await walk(authority, names, dial).go(read_target(f"https://{NAME}:{port}/"))
    assert [hop.url for hop in sight.hops][1:] == ["http://inside.example.org/latest/meta-data"]
    assert sight.wrong == Wrong(Step.DNS, CheckFault.REFUSED_ADDRESS, AddressKind.METADATA)
    assert sight.hops[0].downgrades
    assert dial.addresses == ["127.0.0.1"]


@pytest.mark.parametrize(
    "location", ["file:///etc/passwd", "http://0x7f.1/", "http://u@b.example", "//b:22/"]
)
async def test_a_redirect_that_is_written_oddly_ends_it(
    authority: Authority, serve: Serve, location: str
) -> None:
    port = await serve(answering("302 Found", location))
    sight = await walk(authority, Names(dir=[["127.0.0.1"]])).go(read_target(f"https://{NAME}:{port}/"))
    assert wrong(sight) == (Step.HTTP, CheckFault.REFUSED_TARGET)


@pytest.mark.parametrize("location", ["http://203.0.113.2:9090/-/quit", f"http://{NAME}:2375/info"])
async def test_no_page_makes_us_knock_at_other_ports(
    authority: Authority, serve: Serve, location: str
) -> None:
    """To a firewall we are ourselves: what is open to nobody else is open to us."""
    port, dial = await serve(answering("302 Found", location)), Dialled()
    sight = await walk(authority, Names(dir=[["127.0.0.1"]]), dial).go(read_target(f"https://{NAME}:{port}/"))
    assert sight.wrong == Wrong(Step.HTTP, CheckFault.REFUSED_TARGET, "port")
    assert dial.addresses == ["127.0.0.1"]


async def test_redirects_have_an_end(authority: Authority) -> None:
    """Each one leads further."""
    count = 0

    async def further(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        count += 1
        await reader.read(65536)
        writer.write(answering("301 Moved Permanently", f"/{count}"))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(further, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        sight = await walk(authority, Names(dir=[["127.0.0.1"]])).go(read_target(f"http://{NAME}:{port}/"))
    assert wrong(sight) == (Step.HTTP, CheckFault.TOO_MANY_HOPS)
    assert len(sight.hops) == count == MOST_HOPS


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (answering("502 Bad Gateway"), CheckFault.STATUS),
        (answering("404 Not Found"), CheckFault.STATUS),
        (answering("401 Unauthorized"), None),
        (answering("204 No Content"), None),
        (answering("304 Not Modified", "https://elsewhere.example.org"), None),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + answering("200 OK"), None),
        (b"220 mail.example.org ESMTP\r\n", CheckFault.NOT_HTTP),
        (b"HTTP/1.1 200 OK\r\nX: " + b"a" * 200_000, CheckFault.NOT_HTTP),
        (b"HTTP/1.1 200", CheckFault.NOT_HTTP),
        (b"", CheckFault.BROKEN_OFF),
    ],
)
async def test_what_answers(
    authority: Authority, serve: Serve, answer: bytes, fault: CheckFault | None
) -> None:
    for plain in (True, False):
        port = await serve(answer, plain=plain)
        target = read_target(f"{'http' if plain else 'https'}://{NAME}:{port}/")
        sight = await walk(authority, Names(dir=[["127.0.0.1"]])).go(target)
        assert (sight.wrong.fault if sight.wrong else None) is fault


async def test_a_wrong_certificate_hides_nothing_behind_it(authority: Authority, serve: Serve) -> None:
    port = await serve(answering("503 Service Unavailable"))
    sight = await walk(authority, Names(pg=[["127.0.0.1"]])).go(
        read_target(f"https://pg.example.org:{port}/")
    )
    assert wrong(sight) == (Step.TLS, CertificateFault.WRONG_NAME)
    assert sight.last.status == 503


async def test_no_name_nothing_there_and_nobody_who_answers(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(walking, "ANSWERING", 0.2)
    assert wrong(await walk(authority, Names()).go(read_target(NAME))) == (Step.DNS, CheckFault.NO_NAME)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        names = Names(dir=[["127.0.0.1"]])
        silent = await walk(authority, names).go(read_target(f"http://{NAME}:{port}/"))
    assert wrong(silent) == (Step.HTTP, CheckFault.NO_ANSWER)
    gone = await walk(authority, names).go(read_target(f"http://{NAME}:{port}/"))
    assert wrong(gone) == (Step.TCP, CheckFault.NOTHING_LISTENS)


async def test_the_next_address_is_tried(authority: Authority, serve: Serve) -> None:
    port = await serve()
    names = Names(dir=[["127.0.0.9", "127.0.0.1"]])
    sight = await walk(authority, names).go(read_target(f"https://{NAME}:{port}/"))
    assert sight.wrong is None
    assert sight.last.address == "127.0.0.1"


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        (ForwardRefused("server2", "203.0.113.7:443", True), CheckFault.FORBIDDEN),
        (ForwardRefused("server2", "203.0.113.7:443", False), CheckFault.NOTHING_LISTENS),
        (DeadlineExceeded("server2", 10), CheckFault.HOST_SILENT),
        (OSError("Network is unreachable"), CheckFault.NO_WAY),
    ],
)
async def test_through_a_host(authority: Authority, error: Exception, fault: CheckFault) -> None:
    async def dial(host: str, port: int) -> ByteStream:
        raise error

    sight = await walk(authority, Names(dir=[["203.0.113.7"]]), dial, host="server2").go(read_target(NAME))
    assert wrong(sight) == (Step.TCP, fault)


async def test_a_hosts_own_loopback_is_not_what_the_name_means(authority: Authority) -> None:
    dial = Dialled()
    sight = await walk(authority, Names(dir=[["127.0.0.1"]]), dial, host="server2").go(read_target(NAME))
    assert wrong(sight) == (Step.DNS, CheckFault.REFUSED_ADDRESS)
    assert dial.addresses == []


async def test_several_places_share_one_answer(authority: Authority) -> None:
    names = Names(dir=[["203.0.113.7"]])
    resolving = Resolving(names, judged)
    found = await asyncio.gather(*(resolving.resolve(NAME, configured=False) for _ in range(5)))
    assert names.asked == [NAME]
    assert {each.addresses for each in found} == {("203.0.113.7",)}


def test_a_query_is_nowhere_to_be_seen(tmp_path: Path) -> None:
    hop = Hop(read_target("https://a.example/x?token=secret").shown, "a.example", 443)
    assert "secret" not in repr(hop)


async def test_a_domain_of_the_settings_is_near_at_its_own_ports_alone(authority: Authority) -> None:
    """A redirect must not find what else listens at 127.0.0.1, only because a domain leads there."""
    walked = replace(
        walk(authority, Names(dir=[["127.0.0.1"]]), near=False), configured=lambda _host, port: port == 443
    )
    assert await addresses_asked(walked, f"https://{NAME}/") == ["127.0.0.1"]
    assert await addresses_asked(walked, f"http://{NAME}:2375/containers/json") == []


async def addresses_asked(walked: Walk, url: str) -> list[str]:
    dial = Dialled(there=True)
    await replace(walked, place=Place(dial=dial)).go(read_target(url))
    return dial.addresses


async def test_forerunners_of_an_answer_have_an_end(authority: Authority, serve: Serve) -> None:
    """Without one the event loop would have nothing else to do."""
    port = await serve(b"HTTP/1.1 100 Continue\r\n\r\n" * 100 + answering("200 OK"), plain=True)
    names = Names(dir=[["127.0.0.1"]])
    sight = await walk(authority, names).go(read_target(f"http://{NAME}:{port}/"))
    assert wrong(sight) == (Step.HTTP, CheckFault.NOT_HTTP)
    port = await serve(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 2 + answering("200 OK"), plain=True)
    sight = await walk(authority, names).go(read_target(f"http://{NAME}:{port}/"))
    assert sight.wrong is None
