"""What is shown of a line is what is shown of it in the whole log, wherever a page begins or ends."""

from collections.abc import AsyncIterator, Sequence

import pytest

from services.domain.logs import Stream
from services.logs.pages.page import LogPage
from services.logs.pages.questions import LogQuestion, Sieve
from services.logs.pages.reader import LogReader
from services.logs.text.levels import Level
from services.redaction.lines import judged
from services.redaction.text import HIDDEN
from tests.unit.engine_log import EngineLog
from tests.unit.log_fleet import ACTOR, LogFleet, reading

OUT, ERR = Stream.STDOUT, Stream.STDERR
Said = Sequence[tuple[str, Stream]]

KEY = "MIIEpAIBAAKCAQEA75mNv1Zq9Jc0kQh3xT2uWb7LsYd4Rf8GnMoPaEiKtUvXwZ1C"


def plain(*texts: str) -> list[tuple[str, Stream]]:
    return [(text, OUT) for text in texts]


def key(prefix: str = "", lines: int = 60) -> list[tuple[str, Stream]]:
    begin, end = (f"{prefix}-----{word} RSA PRIVATE KEY-----" for word in ("BEGIN", "END"))
    return plain(begin, *[f"{prefix}{KEY[number % 20 :]}" for number in range(lines)], end)


SECRETS: dict[str, Said] = {
    "a value below its name": plain("db: the admin's password is:", "", "  tr0ub4dor&3xyz", "INFO so"),
    "a block": plain("secret: |", *[f"    part {number} of it" for number in range(150)], "user: dias"),
    "a block with names before": plain(
        "app  | secret: |", *[f"app  |     part {number} of it" for number in range(40)], "app  | user: dias"
    ),
    "codes": plain("Recovery codes:", *[f"  a{number}b2-c3d4" for number in range(10, 28)], "done"),
    "a dialogue": plain("334 UGFzc3dvcmQ6", "bXkgc2VjcmV0IHdvcmQ="),
    "a name and its value": plain('- name: "DB_PASSWORD"', '  value: "hunter2hunter2"'),
    "a statement": plain(
        "INFO sqlalchemy.engine.Engine UPDATE users SET password=%s WHERE id=%s",
        "INFO sqlalchemy.engine.Engine [generated in 0.00015s] ('hunter2', 7)",
    ),
    "a key": key(),
    "a key with names before": key("app_1  | "),
    "lines of a key without marks": plain(*[KEY] * 7),
    "spelled letters": plain("\\u041f\\u0430\\u0440\\u043e\\u043b\\u044c:", "tr0ub4dor&3xyz"),
    "two streams": [
        ("INFO the token is:", OUT), ("tr0ub4dor&3xyz", ERR), ("secret: |", OUT), ("   hunter2", ERR),
    ],
    "levels": plain("INFO the new password:", "    ERROR-tr0ub4dor&3xyz", "WARN more"),
}  # fmt: skip


def filler(words: str) -> Said:
    return [(f"{words}{number}", OUT if number % 3 else ERR) for number in range(230)]


# What looks as if it went on with what stands far above, what does not, and what ends a line as a key's do.
FILLER = filler("INFO ready ")
FILLERS = (
    FILLER,
    filler("2026-11-23 14:02:11 - app - INFO - GET /items status="),
    filler(f"app  | token {KEY} id="),
)


def log_of(
    secret: Said, *, margin: int = len(FILLER), buffer: int = 60_000, among: Said = FILLER
) -> tuple[LogFleet, list[str]]:
    """And its lines as they are shown in one piece."""
    log = EngineLog(buffer=buffer)
    said = [*among[:margin], *secret, *among[:20]]
    for text, stream in said:
        log.write(text.encode() + b"\n", stream)
    shown = judged([text for text, _stream in said], ()).text.split("\n")
    return LogFleet({"n8n": log}), shown


async def backwards(reader: LogReader, lines: int, step: int, sieve: Sieve) -> AsyncIterator[LogPage]:
    """Pages from the newest line to the oldest."""
    page = await reader.newest(LogQuestion(("n8n",), lines, step=step, sieve=sieve), by=ACTOR)
    yield page
    while page.older:
        page = await reader.older(page.token or "", by=ACTOR)
        yield page


async def read(reader: LogReader, lines: int, step: int, sieve: Sieve = Sieve()) -> list[str]:  # noqa: B008
    pages = [page async for page in backwards(reader, lines, step, sieve)]
    return [line.text for page in reversed(pages) for line in page.lines]


@pytest.mark.parametrize("what", SECRETS)
@pytest.mark.parametrize(("buffer", "among"), [(200, FILLERS[0]), *((60_000, each) for each in FILLERS)])
async def test_wherever_a_page_begins(what: str, buffer: int, among: Said) -> None:
    for lines in (20, 21, 22, 23, 25, 40, 60):
        fleet, shown = log_of(SECRETS[what], buffer=buffer, among=among)
        assert HIDDEN in str(shown)
        async with reading(fleet) as reader:
            assert await read(reader, lines, 7 if len(shown) < 300 else 40) == shown, lines


@pytest.mark.parametrize("what", SECRETS)
async def test_where_the_log_itself_begins(what: str) -> None:
    for margin in (0, 1, 50):
        fleet, shown = log_of(SECRETS[what], margin=margin)
        async with reading(fleet) as reader:
            assert await read(reader, 21, 13) == shown, margin


@pytest.mark.parametrize("what", SECRETS)
async def test_wherever_a_page_towards_the_newest_ends(what: str) -> None:
    fleet, shown = log_of(SECRETS[what])
    async with reading(fleet) as reader:
        for step in (1, 9):
            pages = [page async for page in backwards(reader, 30 + len(SECRETS[what]), step, Sieve())]
            page = pages[1]  # the first one before the secret
            seen: list[str] = []
            while page.lines:
                seen += [line.text for line in page.lines]
                page = await reader.newer(page.token or "", by=ACTOR)
            assert seen == shown[len(shown) - len(seen) :]
            assert len(seen) >= 30 + len(SECRETS[what])


@pytest.mark.parametrize("what", SECRETS)
@pytest.mark.parametrize("sieve", [Sieve(stream=OUT), Sieve(stream=ERR), Sieve(Level.WARN)])
async def test_what_is_left_out_of_a_page_hides_as_well(what: str, sieve: Sieve) -> None:
    fleet, shown = log_of(SECRETS[what])
    said = [*FILLER, *SECRETS[what], *FILLER[:20]]
    async with reading(fleet) as reader:
        seen = await read(reader, 3, 50, sieve)
    if sieve.stream is not None:
        kept = [text for text, (_, stream) in zip(shown, said, strict=True) if stream == sieve.stream]
        assert seen == kept
    assert set(seen) <= set(shown)


async def test_the_margin_costs_no_read_of_its_own() -> None:
    log = EngineLog()
    log.write(b"".join(b"INFO ready, status=%d\n" % number for number in range(5000)))
    async with reading(LogFleet({"n8n": log})) as reader:
        page = await reader.newest(LogQuestion(("n8n",), 50), by=ACTOR)
    assert len(page.lines) == 50
    assert [query.tail for query in log.queries] == [50 + 8 + 20 + 1]
