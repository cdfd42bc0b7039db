"""No search tells what is hidden."""

from unittest.mock import patch

import pytest

from services.logs.search import walk
from services.logs.search.hits import SearchQuestion
from services.logs.text import region
from tests.unit.engine_log import EngineLog
from tests.unit.log_fleet import ACTOR
from tests.unit.search_fleet import ALL, SearchFleet, cut_small, searcher

# What tries to find out what is hidden, by a match that only some secrets allow.
ATTACKS = (
    "hunter2", "password=h", "password=(h|.)", "password=(...|hu)", "password=($|h)", r"password=(\B|h)",
    r"password=\b", "=.{14}$", r"password=\S+2 ", "^.{30}$", "(?i)HUNTER", "password=[^•]", r"password=\PL",
    r"=\pP", "•••", "password=(•••|h)", r"(hunter2hunter2|INFO) \d+$", "[a-z]{14}|ready", "r2h", r"\w{12}",
    "(?s)=.*2", r"^password=\w+ \d+$", "", "a|h", r"\C{20}", r"d=(?:\B.|h)", "=(|h)$", r"[^\pL]{4}",
    "=(?:•|h)", "MIIEpAIB", "MII|=$", "[+/]{2}",
)  # fmt: skip
SECRETS = (("hunter2hunter2", "Tr0ub4dor&3xyz"), ("hunter2hunter2", "correct-horse-battery-9"))
KEYS = ("MIIEpAIBAAKCAQEA75mNabcd", "QIIEpAIBAAKCAQEA75mN+/yz")


@pytest.mark.parametrize("secrets", SECRETS)
@pytest.mark.parametrize("invert", [False, True])
@pytest.mark.parametrize("attack", ATTACKS)
async def test_no_search_tells_what_is_hidden(attack: str, invert: bool, secrets: tuple[str, str]) -> None:
    """Two logs that look alike to the reader are alike to every search."""
    told = []
    for secret, key in zip(secrets, KEYS, strict=True):
        log = EngineLog(buffer=300)
        for number in range(30):
            log.write(f"INFO ready {number}\nconnect password={secret} {number}\n".encode())
        log.write(
            f"-----BEGIN RSA PRIVATE KEY-----\n{(key + chr(10)) * 9}-----END RSA PRIVATE KEY-----\nbye\n".encode()
        )
        with cut_small(), patch.object(region, "MARGIN", 500), patch.object(region, "MARGIN_LINES", 20):
            question = SearchQuestion(attack or "x*", invert=invert, context=1)
            found = await searcher(SearchFleet({"n8n": log})).find(question, by=ACTOR, bounds=ALL)
        lines = [[line.text for line in (*hit.before, hit.line, *hit.after)] for hit in found.hits]
        told.append((found.count, lines, [hit.number for hit in found.hits]))
        assert secret not in str(lines)
        assert key not in str(lines)
    assert told[0] == told[1]


async def test_a_key_is_hidden_wherever_windows_and_chunks_cut_it() -> None:
    lines = [f"{'MIIE' * 11}{number:08}" for number in range(370)]
    text = (
        "-----BEGIN PRIVATE KEY-----\n"
        + "\n".join(f"app: {line} end" for line in lines)
        + "\n-----END PRIVATE KEY-----\n"
    )
    log = EngineLog(buffer=300)
    log.write(("INFO before\n" * 300 + text + "INFO behind\n" * 300).encode())
    with patch.object(walk, "_CHUNK", 1000):
        search = searcher(SearchFleet({"n8n": log}), windows=(100, 200, 300))
        found = await search.find(SearchQuestion("MIIE|KEY"), by=ACTOR, bounds=ALL)
    assert [hit.line.text for hit in found.hits] == [
        "-----END PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----",
    ]
