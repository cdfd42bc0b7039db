"""The ready-made probes: what is asked, and which answers are well.

n8n, Directus, Grafana, Dozzle, Portainer and pgAdmin cannot be had here: their answers are as their sources and
documentation show them, see `services.probes.kinds`. The others answer for real in tests/contract/test_probes.py.
"""

from dataclasses import replace

import pytest

from services.domain.probes import ProbeFault, ProbeKind, ProbeSpec
from services.probes.asking import Reply, shown
from services.probes.faults import Unwell
from services.probes.kinds import urls_of
from services.probes.probing import judge

PAGE = b"<!DOCTYPE html><title>Log in</title>"

GOOD = [
    (ProbeKind.HTTP, 200, b""),
    (ProbeKind.HTTP, 204, b""),
    (ProbeKind.N8N, 200, b'{"status":"ok"}'),
    (ProbeKind.DIRECTUS, 200, b'{"status":"ok"}'),
    (ProbeKind.DIRECTUS, 200, b'{"status":"warn","releaseId":"11.1.0","checks":{}}'),
    (ProbeKind.GRAFANA, 200, b'{\n  "database": "ok",\n  "version": "11.5.0",\n  "commit": "x"\n}'),
    (ProbeKind.GRAFANA, 200, b'{"database": "ok"}'),
    (ProbeKind.PROMETHEUS, 200, b"Prometheus is Healthy.\n"),
    (ProbeKind.DOZZLE, 200, b""),
    (ProbeKind.PORTAINER, 200, b'{"Version":"2.21.4","InstanceID":"299ab403-70a8-4c05-92f7-bf7a994d50df"}'),
    (ProbeKind.PGADMIN, 200, b"PING"),
]
BAD = [
    (ProbeKind.HTTP, 500, b"", ProbeFault.STATUS),
    (ProbeKind.HTTP, 302, b"", ProbeFault.STATUS),
    (ProbeKind.N8N, 200, b'{"status":"error"}', ProbeFault.BODY),
    (ProbeKind.N8N, 503, b'{"code":503,"message":"Database is not ready!"}', ProbeFault.STATUS),
    (ProbeKind.N8N, 204, b"", ProbeFault.STATUS),  # what it says to a bot of whose kind it does not think much
    (ProbeKind.DIRECTUS, 503, b'{"status":"error"}', ProbeFault.STATUS),
    (ProbeKind.DIRECTUS, 200, b'{"status":"error"}', ProbeFault.BODY),
    (ProbeKind.GRAFANA, 503, b'{"database": "failing"}', ProbeFault.STATUS),
    (ProbeKind.GRAFANA, 200, b'["ok"]', ProbeFault.BODY),
    (ProbeKind.DOZZLE, 500, b"Error listing containers\n", ProbeFault.STATUS),
    (ProbeKind.PORTAINER, 200, b'{"Version":2}', ProbeFault.BODY),
    *((kind, 200, PAGE, ProbeFault.BODY) for kind in ProbeKind if kind not in
      (ProbeKind.HTTP, ProbeKind.TCP, ProbeKind.POSTGRES, ProbeKind.REDIS)),
]  # fmt: skip


def spec(kind: ProbeKind = ProbeKind.HTTP, address: str = "https://a.example.org") -> ProbeSpec:
    return ProbeSpec("a", kind, address)


@pytest.mark.parametrize(("kind", "status", "body"), GOOD)
def test_is_well(kind: ProbeKind, status: int, body: bytes) -> None:
    judge(spec(kind), Reply(status, body))


@pytest.mark.parametrize(("kind", "status", "body", "fault"), BAD)
def test_is_not_well(kind: ProbeKind, status: int, body: bytes, fault: ProbeFault) -> None:
    with pytest.raises(Unwell) as found:
        judge(spec(kind), Reply(status, body))
    assert found.value.fault is fault


def test_what_the_settings_expect_wins() -> None:
    asked = replace(spec(ProbeKind.N8N), statuses=frozenset({401}))
    judge(asked, Reply(401, b"who are you"))
    with pytest.raises(Unwell) as found:
        judge(asked, Reply(200, b'{"status":"ok"}'))
    assert (found.value.fault, found.value.detail) == (ProbeFault.STATUS, "200")
    asked = replace(spec(ProbeKind.N8N), body="fine")
    judge(asked, Reply(200, b"all is fine here"))
    with pytest.raises(Unwell) as found:
        judge(asked, Reply(200, b'{"status":"ok"}'))
    assert found.value.fault is ProbeFault.BODY


@pytest.mark.parametrize(
    ("kind", "url", "asked"),
    [
        (ProbeKind.HTTP, "https://a.example.org/x", ["https://a.example.org/x"]),
        (ProbeKind.N8N, "https://a.example.org", ["https://a.example.org/healthz"]),
        (ProbeKind.N8N, "https://a.example.org/healthz", ["https://a.example.org/healthz"]),
        (ProbeKind.GRAFANA, "http://a:3000/grafana/", ["http://a:3000/grafana/api/health"]),
        (ProbeKind.PROMETHEUS, "http://u:p@a:9090", ["http://u:p@a:9090/-/healthy"]),
        (
            ProbeKind.PORTAINER,
            "http://a:9000",
            ["http://a:9000/api/system/status", "http://a:9000/api/status"],
        ),
        (ProbeKind.PORTAINER, "http://a:9000/api/status", ["http://a:9000/api/status"]),
    ],
)
def test_where_it_asks(kind: ProbeKind, url: str, asked: list[str]) -> None:
    assert list(urls_of(kind, url)) == asked


def test_an_address_is_shown_without_what_may_be_secret() -> None:
    assert shown("https://bot:secret@a.example.org:8443/in?token=secret#x") == "https://a.example.org:8443/in"
