"""What a real Traefik shows to whoever comes from outside, beside what it says that it holds."""

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from bot.container import SystemClock
from services.domain.access import Actor
from services.domain.certificates import CertificateFault, Domain, Domains
from services.domain.checks import CheckFault
from services.outside.addresses import AddressKind
from services.outside.certificates import EVERYBODY, Certificates
from services.outside.tls import Handshakes
from services.traefiks import TraefikAddress, open_traefiks
from tests.lab.authority import Authority, Files, serving
from tests.lab.traefik import TraefikServer

pytestmark = pytest.mark.lab


class Known:
    """`n8n` has no certificate, and `lost` no address."""

    async def of(self, by: Actor) -> Domains:
        names = ("dir", "n8n", "lost", "short")
        plain = Domain("plain.example.org", "server1", "plain", "http://plain.example.org/", secure=False)
        return Domains((*(Domain(f"{name}.example.org", "server1", name) for name in names), plain))


async def lookup(host: str) -> Sequence[str]:
    if host.startswith("lost"):
        raise OSError("no such name")
    return ["127.0.0.1"]


def anything(_address: str, _configured: bool) -> AddressKind | None:
    return None


def routes(*files: Files) -> dict[str, Any]:
    names = ("dir", "n8n", "short")
    router = {"entryPoints": ["websecure"], "service": "noop@internal", "tls": {}}
    return {
        "http": {"routers": {name: router | {"rule": f"Host(`{name}.example.org`)"} for name in names}},
        "tls": {
            "certificates": [{"certFile": str(each.certificate), "keyFile": str(each.key)} for each in files]
        },
    }


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def traefik(authority: Authority, tmp_path: Path) -> Iterator[TraefikServer]:
    files = (authority.files("dir.example.org", days=63.5), authority.files("short.example.org", days=5.5))
    server = TraefikServer(tmp_path / "traefik", routes(*files))
    server.start()
    yield server
    server.kill()


async def test_shown_and_held(traefik: TraefikServer, authority: Authority) -> None:
    async with open_traefiks({"server1": TraefikAddress(traefik.url)}) as traefiks:
        certificates = Certificates(
            Known(), traefiks, Handshakes(authority.file), lookup, SystemClock(),
            judge=anything, port=traefik.websecure,
        )  # fmt: skip
        async with asyncio.timeout(15):  # until it has taken up its configuration
            while not any(row.stored for row in (report := await certificates.report(by=EVERYBODY)).rows):
                await asyncio.sleep(0.05)
    rows = {row.domain.domain.partition(".")[0]: row for row in report.rows}
    assert [row.domain.container for row in report.rows] == ["n8n", "short", "lost", "dir"], "the worst first"
    assert rows["n8n"].fault is CertificateFault.DEFAULT
    assert rows["n8n"].stored is None
    assert rows["short"].fault is CertificateFault.EXPIRES_SOON
    assert rows["lost"].fault is None
    assert rows["lost"].wrong is not None
    assert rows["lost"].wrong.fault is CheckFault.NO_NAME
    fine = rows["dir"]
    assert fine.wrong is None
    assert fine.handshake is not None
    assert fine.stored is not None
    assert fine.stored.not_after == fine.handshake.certificate.not_after
    assert report.silent == ()


async def test_a_probe_of_another_port_is_looked_at_there(authority: Authority, tmp_path: Path) -> None:
    async with serving(authority.leaf("dir.example.org").write(tmp_path, "x")) as port:
        domain = Domain("dir.example.org", "server1", url=f"https://dir.example.org:{port}/health")
        async with open_traefiks({}) as traefiks:
            certificates = Certificates(
                Known(), traefiks, Handshakes(authority.file), lookup, SystemClock(), judge=anything, port=1
            )
            (row,) = await certificates.look_at([domain])
    assert row.wrong is None
    assert row.handshake is not None


async def test_a_traefik_that_does_not_answer_is_named_and_delays_nothing(authority: Authority) -> None:
    async with open_traefiks({"server1": TraefikAddress("http://127.0.0.1:1")}) as traefiks:
        handshakes = Handshakes(authority.file)
        certificates = Certificates(
            Known(), traefiks, handshakes, lookup, SystemClock(), judge=anything, port=1
        )
        report = await certificates.report(by=EVERYBODY)
    assert report.silent == ("server1",)
    assert {row.wrong.fault for row in report.rows if row.wrong} == {
        CheckFault.NOTHING_LISTENS,
        CheckFault.NO_NAME,
    }
