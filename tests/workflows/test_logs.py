"""`/logs` on real servers: exactly the last lines, clean, redacted, as a message or a file."""

from collections.abc import Callable

import pytest

from tests.bots import Setup, running
from tests.conftest import Cast
from tests.lab.servers import Lab

pytestmark = pytest.mark.lab

Make = Callable[..., Setup]


async def test_the_last_lines_and_more_by_a_tap(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    server.run_logger("counter", b"".join(b"line %d\n" % number for number in range(1, 301)))
    async with running(setup(server)):
        await cast.student.says("/logs counter 3")
        assert "No container" in (await cast.telegram.next_message(cast.student)).text
        await cast.dias.says("/logs counter 3")
        reply = await cast.telegram.next_message(cast.dias)
        title, *lines = reply.text.splitlines()
        assert title.startswith("counter on server1 · last 3 lines · ")
        assert lines == ["line 298", "line 299", "line 300"]
        assert [entity.type for entity in reply.entities] == ["bold", "pre"]
        assert reply.buttons == [["‹ Older", "Newer ›"], ["200", "1000", "↻"], ["File", "Follow", "Search"]]
        await cast.dias.presses(reply, "200")
        await cast.telegram.until(lambda: "last 200 lines" in reply.text)
        assert reply.text.splitlines()[1] == "line 101"
        await cast.dias.presses(reply, "1000")
        await cast.telegram.until(lambda: "300 lines, that is all" in reply.text)


@pytest.mark.parametrize("tty", [False, True])
async def test_hostile_lines_arrive_as_they_are(lab: Lab, cast: Cast, setup: Make, *, tty: bool) -> None:
    server = lab.servers["server1"]
    lines = [
        "<b>not bold</b> & <script>alert(1)</script>",
        "*stars* _under_ `tick` [link](http://example.com)",
        "😀 emoji 👨‍👩‍👧 and ёлки",
        "\x1b[31mred\x1b[0m plain \x1b]8;;http://evil.example\x07click\x1b]8;;\x07",
        "bidi \u202e gnp.exe",
        "nul \x00 bell \x07 end",
    ]
    server.run_logger("hostile", "\n".join(lines).encode() + b"\n", tty=tty)
    async with running(setup(server)):
        await cast.dias.says("/logs hostile")
        reply = await cast.telegram.next_message(cast.dias)
    shown = reply.text.splitlines()[1:]
    assert shown[:3] == lines[:3]
    assert shown[3] == "red plain click"
    assert not any(char in reply.text for char in "\x1b\x07\x00\u202e")
    assert len(shown) == len(lines)


@pytest.mark.parametrize("kind", ["one line of 300 kB", "emoji", "markup"])
async def test_what_does_not_fit_is_one_document(lab: Lab, cast: Cast, setup: Make, kind: str) -> None:
    server = lab.servers["server1"]
    content = {
        "one line of 300 kB": b"x" * 300_000,
        "emoji": "😀".encode() * 5000 + b"\nlast\n",
        "markup": b"<&>" * 3000 + b"\nlast\n",
    }[kind]
    name = f"big-{kind.rsplit(maxsplit=1)[-1].lower()}"
    server.run_logger(name, content)
    # The engine keeps the last part of a line without an end to itself.
    content = server.docker("logs", name).encode()
    assert len(content) > 9000
    async with running(setup(server)):
        await cast.dias.says(f"/logs {name}")
        reply = await cast.telegram.next_message(cast.dias)
        assert reply.document is not None
        assert reply.document.content.rstrip(b"\n") == content.rstrip(b"\n")
        assert reply.caption.startswith(f"{name} on server1 · ")
        await cast.dias.presses(reply, "↻")
        await cast.telegram.until(lambda: len(reply.edits) == 1)
        assert reply.document.content.rstrip(b"\n") == content.rstrip(b"\n")


async def test_secrets_are_hidden_in_the_chat_and_in_the_file(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    secret = "postgres://directus:hunter2hunter2@db:5432/directus"
    server.run_logger("leaky", f"connecting to {secret}\n".encode() + b"padding\n" * 2000)
    async with running(setup(server)):
        await cast.dias.says("/logs leaky 5000")
        reply = await cast.telegram.next_message(cast.dias)
    assert reply.document is not None
    assert b"hunter2" not in reply.document.content
    assert "•••".encode() in reply.document.content
    assert b"connecting to postgres://directus:" in reply.document.content


async def test_an_empty_log_and_no_log_at_all(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    server.run_container("silent", "sleep", "1000")
    server.run_container("unlogged", "sleep", "1000", extra=["--log-driver=none"])
    async with running(setup(server)):
        await cast.dias.says("/logs silent")
        assert (await cast.telegram.next_message(cast.dias)).text.endswith("The log is empty.")
        await cast.dias.says("/logs unlogged")
        reply = await cast.telegram.next_message(cast.dias)
    assert reply.text == 'unlogged keeps no readable log: its log driver is "none".'


@pytest.mark.parametrize("count", ["0", "5001", "-1", "٣"])
async def test_a_wrong_count_is_said(cast: Cast, setup: Make, count: str) -> None:
    async with running(setup()):
        await cast.dias.says(f"/logs n8n {count}")
        reply = await cast.telegram.next_message(cast.dias)
    assert reply.text == f'"{count}" is no number of lines: 1 to 5000, e.g. /logs n8n 50'


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("many", '"many" is no name, number of lines, time or level, e.g. /logs n8n 50 30m warn'),
        ("level>=wran", '"wran" is no level: trace, debug, info, warn, error, fatal; e.g. level>=warn'),
        ("25:00", '"25:00" is no time, e.g. 30m, 2h, 14:00, 14:00..14:20'),
    ],
)
async def test_other_mistakes_are_said_with_what_would_be_right(
    cast: Cast, setup: Make, typed: str, said: str
) -> None:
    async with running(setup()):
        await cast.dias.says(f"/logs n8n {typed}")
        assert (await cast.telegram.next_message(cast.dias)).text == said


async def test_long_lines_count_as_one_though_the_engine_keeps_them_in_pieces(
    lab: Lab, cast: Cast, setup: Make
) -> None:
    server = lab.servers["server1"]
    lines = [b"a" * 70_000, b"b" * 40_000, b"c"]
    server.run_logger("pieces", b"\n".join(lines) + b"\n")
    async with running(setup(server)):
        for count in (1, 2, 3):
            await cast.dias.says(f"/logs pieces {count}")
            reply = await cast.telegram.next_message(cast.dias)
            text = reply.document.content if reply.document else reply.text.split("\n", 1)[1].encode()
            assert text.splitlines() == lines[-count:]
