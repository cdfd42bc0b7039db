"""Pages of logs as people walk through them: further back and on, by time and level, of several containers."""

import asyncio
import json
import re
import time
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from handlers import waiting
from playground.telegram import Message
from services.logs.pages import making as page_making
from tests.bots import Setup, running
from tests.clock import HandClock
from tests.conftest import Cast, labels
from tests.lab.dockerd import IMAGE
from tests.lab.servers import Lab, Server

pytestmark = pytest.mark.lab

Make = Callable[..., Setup]

ALMATY = ZoneInfo("Asia/Almaty")
_GROWS = "n=0; while :; do n=$((n + 1)); echo line $n; [ $n -ge {first} ] && sleep 0.02; done"
_PINO = b"".join(
    json.dumps({"level": level, "time": 1795424530000, "msg": f"{message} {number}"}).encode() + b"\n"
    for number in range(5)
    for level, message in ((30, "request completed"), (40, "slow query"), (50, "connect ECONNREFUSED"))
)


def lines(message: Message) -> list[str]:
    return (message.text or message.caption).splitlines()[1:]


def numbers(message: Message) -> list[int]:
    return [int(line.rsplit(maxsplit=1)[-1]) for line in lines(message)]


async def asked(cast: Cast, text: str) -> Message:
    await cast.dias.says(text)
    message = await cast.telegram.next_message(cast.dias)
    await cast.telegram.until(lambda: not waits(message))
    return message


async def turned(cast: Cast, message: Message, label: str) -> None:
    edits = len(message.edits)
    await cast.dias.presses(message, label)
    await cast.telegram.until(lambda: len(message.edits) > edits and not waits(message))


def waits(message: Message) -> bool:
    """On a busy machine it says so first."""
    return any(words.startswith("⏳") for words in (message.text, *labels(message)))


async def test_back_and_on_again_while_the_log_grows(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    server.run_container("counter", "sh", "-c", _GROWS.format(first=500))
    async with running(setup(server)):
        page = await asked(cast, "/logs counter 10")
        newest = numbers(page)
        assert newest == list(range(newest[0], newest[0] + 10)) and newest[0] > 100
        seen = newest
        for _ in range(4):
            await turned(cast, page, "‹ Older")
            seen = numbers(page) + seen
            assert seen == list(range(seen[0], newest[-1] + 1))
            await asyncio.sleep(0.1)
        seen = numbers(page)
        for _ in range(6):  # beyond what was the newest
            await turned(cast, page, "Newer ›")
            seen += numbers(page)
        assert seen == list(range(seen[0], seen[0] + 70))


async def test_where_there_is_nothing_further_the_page_stays_and_a_word_says_so(
    lab: Lab, cast: Cast, setup: Make
) -> None:
    server = lab.servers["server1"]
    server.run_logger("short", b"one\ntwo\nthree\n")
    async with running(setup(server)):
        page = await asked(cast, "/logs short 2")
        answer = await cast.dias.presses(page, "Newer ›")
        assert answer.text.startswith("Nothing newer, ")
        await turned(cast, page, "‹ Older")
        assert lines(page) == ["one"] and "‹ Older" not in labels(page)
        await turned(cast, page, "Newer ›")
        assert lines(page) == ["two", "three"]
        assert len(page.edits) == 2


async def test_more_at_the_same_place_and_the_newest_again(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    server.run_logger("counter", b"".join(b"%d\n" % number for number in range(1, 501)))
    async with running(setup(server)):
        page = await asked(cast, "/logs counter 10")
        await turned(cast, page, "‹ Older")
        assert numbers(page) == list(range(481, 491))
        await turned(cast, page, "200")
        assert numbers(page) == list(range(291, 491))
        await turned(cast, page, "‹ Older")
        assert numbers(page) == list(range(91, 291))
        await turned(cast, page, "↻")
        assert numbers(page) == list(range(301, 501))


async def test_the_file_has_what_was_written_of_the_page_shown(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    server.run_logger("api", _PINO)
    async with running(setup(server)):
        page = await asked(cast, "/logs api 4")
        assert lines(page)[0] == "🟥 14:02:10 ERROR connect ECONNREFUSED 3"
        await turned(cast, page, "‹ Older")
        await cast.dias.presses(page, "File")
        file = await cast.telegram.next_message(cast.dias)
    assert file.document is not None and file.reply_to is page
    assert file.document.content.splitlines() == _PINO.splitlines()[-8:-4]
    assert file.document.filename.startswith("api-server1-")


async def test_levels_on_a_phone(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    server.run_logger(
        "db",
        b"LOG:  ready\n"
        b"ERROR:  relation does not exist\nSTATEMENT:  select 1\n"
        b"WARNING:  slow\n"
        b"FATAL:  password failed\n",
    )
    server.run_logger("api", _PINO)
    async with running(setup(server)):
        for typed in ("level>=error", "level ≥ Error", "error", "ERROR+"):
            page = await asked(cast, f"/logs db {typed}")
            assert page.text.startswith("db on server1 · ERROR and above · 3 lines, that is all · ")
            assert lines(page) == [
                "🟥 ERROR:  relation does not exist",
                "STATEMENT:  select 1",
                "🟥 FATAL:  password failed",
            ]
        page = await asked(cast, "/logs db level=warn")
        assert lines(page) == ["🟨 WARNING:  slow"]
        page = await asked(cast, "/logs api warn 3")
        assert [line.split(maxsplit=2)[2] for line in lines(page)] == [
            "ERROR connect ECONNREFUSED 3",
            "WARN slow query 4",
            "ERROR connect ECONNREFUSED 4",
        ]
        await turned(cast, page, "‹ Older")
        assert len(lines(page)) == 3
        page = await asked(cast, "/logs db level=debug")
        assert lines(page)[0].startswith("No such line in the whole log. Last line: ")


async def test_streams(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    server.run_logger("both", b"out 1\nout 2\n", err=b"err 1\n")
    async with running(setup(server)):
        assert lines(await asked(cast, "/logs both stderr")) == ["err 1"]
        assert lines(await asked(cast, "/logs both 1 stdout")) == ["out 2"]


async def test_a_stretch_of_time(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    server.run_logger("api", b"".join(b"old %d\n" % number for number in range(100)))
    await asyncio.sleep(1.2)
    border = datetime.now(ALMATY)
    await asyncio.sleep(1.2)
    server.docker("exec", "api", "sh", "-c", "for n in 1 2 3; do echo new $n > /proc/1/fd/1; done")
    async with running(setup(server)):
        page = await asked(cast, f"/logs api {border:%H:%M:%S}")
        assert lines(page) == ["new 1", "new 2", "new 3"]
        assert f" · since {border:%H:%M} · " in page.text
        await turned(cast, page, "‹ Older")
        assert lines(page) == [f"old {number}" for number in range(50, 100)]
        page = await asked(cast, f"/logs api 2 {border:%Y-%m-%d} 00:00..{border:%H:%M:%S}")
        assert lines(page) == ["old 98", "old 99"]
        await turned(cast, page, "Newer ›")
        assert lines(page) == ["new 1", "new 2"]
        page = await asked(cast, "/logs api 1m")
        assert len(lines(page)) == 103


async def test_quiet_for_a_while(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    server.run_logger("api", b"one\n")
    await asyncio.sleep(1.2)
    async with running(setup(server)):
        page = await asked(cast, f"/logs api {datetime.now(ALMATY):%H:%M:%S}")
        assert re.fullmatch(r"No lines since \d\d:\d\d\. Last line: \d\d:\d\d\.", lines(page)[0])
        assert labels(page) == ["‹ Older", "↻", "Follow", "Search"]
        await turned(cast, page, "‹ Older")
        assert lines(page) == ["one"]


async def test_several_by_time_with_names_and_in_one_file(lab: Lab, cast: Cast, setup: Make) -> None:
    first, second = lab.servers["server1"], lab.servers["server2"]
    first.run_logger("api", b"api 1\n")
    second.run_logger("db", b"db 1\n")
    first.docker("exec", "api", "sh", "-c", "echo api 2 > /proc/1/fd/1")
    await asyncio.sleep(0.3)
    async with running(setup(first, second)):
        for typed in ("api,db", "api, db", "server1/api db"):
            page = await asked(cast, f"/logs {typed} 10")
            assert page.text.startswith("server1/api, server2/db · 3 lines, that is all · ") or (
                page.text.startswith("server2/db, server1/api · ")
            )
            assert [line.split(" ", 1)[1] for line in lines(page)] == ["api│ api 1", "db│ db 1", "api│ api 2"]
        page = await asked(cast, "/logs api,db 2")
        await turned(cast, page, "‹ Older")
        assert lines(page)[0].endswith("api│ api 1") and len(lines(page)) == 1
        await turned(cast, page, "Newer ›")
        assert [line.split("│ ")[1] for line in lines(page)] == ["db 1", "api 2"]
        await cast.dias.presses(page, "File")
        file = await cast.telegram.next_message(cast.dias)
        assert file.document is not None
        rows = file.document.content.decode().splitlines()
        assert [row.split(" ", 2)[2] for row in rows] == [
            "server2/db stdout db 1",
            "server1/api stdout api 2",
        ]


async def test_globs_and_projects_within_the_scope(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server2"]
    async with running(setup(server)):
        page = await asked(cast, "/logs server2/* 200")
        title = f"server2/* · {len(server.team)} containers · "
        assert page.text.startswith(title) or page.caption.startswith(title)  # a file, if they have said much
        project = next(service.project for service in server.team if service.name == "directus")
        page = await asked(cast, f"/logs {project} 200")
        said = page.document.content.decode() if page.document else page.text
        assert "directus│ " in said or "server2/directus " in said or said.startswith("directus on")
        await cast.student.says("/logs server2/* 5")
        page = await cast.telegram.next_message(cast.student)
        assert page.text.startswith("directus on server2 · ") and "│" not in page.text
        await cast.student.says("/logs directus,postgres")
        assert (await cast.telegram.next_message(cast.student)).text == 'No container "postgres".'


async def test_a_silent_host_is_one_line_and_holds_up_nobody(lab: Lab, cast: Cast, setup: Make) -> None:
    first, second = lab.servers["server1"], lab.servers["server2"]
    first.run_logger("api", b"api 1\n")
    async with running(setup(first, second)):
        await asked(cast, "/logs */* 1")  # both have been seen
        second.pull_cable()
        began = time.monotonic()
        page = await asked(cast, "/logs api,directus 5")
        assert time.monotonic() - began < 2.5
        assert lines(page)[0].startswith("⚠️ server2: ")
        assert lines(page)[1:] == ["api 1"]
        page = await asked(cast, "/logs dirctus")  # which may be there: that it is nowhere cannot be said
        assert page.text.startswith("⚠️ server2: ")
        assert lines(page) == ['Elsewhere there is no "dirctus".']
        assert (await asked(cast, "/logs server2")).text.startswith("⚠️ server2: ")


async def test_a_host_means_all_that_is_on_it(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    server.run_logger("api", b"api 1\n")
    async with running(setup(server)):
        page = await asked(cast, "/logs server1 1")
        assert page.text.startswith("server1 · ") and lines(page)[0].endswith("api│ api 1")


async def test_a_host_that_fell_silent_since_is_said_as_soon(lab: Lab, cast: Cast, setup: Make) -> None:
    """Though what is asked for again is read before it is looked up."""
    server = lab.servers["server2"]
    async with running(setup(server)):
        for typed in ("/logs server2/directus 1", "/logs directus 1"):
            await asked(cast, typed)
            await asked(cast, typed)
        server.pull_cable()
        for typed in ("/logs server2/directus 1", "/logs directus 1"):
            began = time.monotonic()
            page = await asked(cast, typed)
            assert time.monotonic() - began < 2.5
            assert page.text.startswith("⚠️ server2: ")


async def test_lines_before_a_restart(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    server.run_container("phoenix", "sh", "-c", "echo begin; echo dying; exit 3")
    await _until_exited(server, "phoenix")
    server.docker("start", "phoenix")
    await _until_exited(server, "phoenix", lines=4)
    server.docker("run", "--detach", "--name=steady", IMAGE, "sh", "-c", "echo up; sleep 1000")
    server.docker("restart", "--time=0", "steady")
    async with running(setup(server)):
        page = await asked(cast, "/logs phoenix")
        shown = lines(page)
        assert shown[:2] == ["begin", "dying"] and shown[3:5] == ["begin", "dying"]
        assert shown[2].startswith("— restarted ") and shown[2].endswith(", exit 3 —")
        assert shown[5].startswith("— ended ") and shown[5].endswith(", exit 3 —")
        page = await asked(cast, "/logs steady 1")
        assert lines(page) == ["up"]
        await turned(cast, page, "Before the restart")
        assert lines(page) == ["up"] and page.text.startswith("steady on server1 · 1 line · ")


async def _until_exited(server: Server, name: str, lines: int = 2) -> None:
    async with asyncio.timeout(10):
        while (
            server.docker("inspect", "--format={{.State.Status}}", name).strip() != "exited"
            or server.docker("logs", name).count("\n") < lines
        ):
            await asyncio.sleep(0.05)


async def test_what_takes_long_says_so_and_how_far_back_it_got(
    lab: Lab, cast: Cast, setup: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "PATIENCE", 0.02)
    monkeypatch.setattr(waiting, "EVERY", 0.3)
    monkeypatch.setattr(page_making, "_RARE", 50)
    monkeypatch.setattr(page_making, "LOOK_SECONDS", 0.3)
    server = lab.servers["server1"]
    server.run_logger(
        "big", b"ERROR first\n" + b"INFO all is well with request number 1234567890\n" * 200_000
    )
    async with running(setup(server)):
        await cast.dias.says("/logs big error")
        page = await cast.telegram.next_message(cast.dias)
        assert page.text.startswith("⏳ ")
        await cast.telegram.until(lambda: "big on server1" in page.text, timeout=20)
        assert lines(page)[0].startswith("Nothing found back to ")
        assert labels(page) == ["‹ Further back", "↻", "Follow", "Search"]
        monkeypatch.setattr(page_making, "LOOK_SECONDS", 30.0)
        await cast.dias.presses(page, "‹ Further back", timeout=30)
        await cast.telegram.until(lambda: "ERROR first" in page.text, timeout=30)
        assert "🟥 ERROR first" in lines(page)
        with pytest.raises(AssertionError):  # all in one message
            await cast.telegram.next_message(cast.dias, timeout=0.2)


async def test_in_russian(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    server.run_logger("api", b"INFO ready\nERROR no\nINFO well\n")
    async with running(setup(server, language="ru")):
        page = await asked(cast, "/logs api 2")
        assert page.text.startswith("api · server1 · последние 2 строки · ")
        assert page.buttons == [["‹ Раньше", "Позже ›"], ["200", "1000", "↻"], ["Файл", "Следить", "Найти"]]
        page = await asked(cast, "/logs api уровень>=ошибка")
        assert page.text.startswith("api · server1 · ERROR и выше · 1 строка, больше нет · ")
        page = await asked(cast, "/logs api level>=fatal")
        assert lines(page)[0].startswith("Таких строк в логе нет. Последняя строка: ")
        page = await asked(cast, "/logs api 25:00")
        assert page.text == "«25:00» — не время. Например: 30м, 2ч, вчера, 14:00, 14:00..14:20"


async def test_a_button_to_dozzle(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    container = server.run_logger("api", b"one\n")
    async with running(setup(server, more={"dozzle": {"url": "https://logs.example.org/"}})):
        page = await asked(cast, "/logs api")
    assert page.keyboard is not None
    links = [each.value for row in page.keyboard.rows for each in row if each.action == "url"]
    assert links == [f"https://logs.example.org/container/{container[:12]}"]


async def test_in_a_group_a_narrower_eye_turns_a_page_of_its_own(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server2"]
    server.run_logger("secretive", b"one\ntwo\nthree\n")
    async with running(setup(server)):
        await cast.dias.says("/logs server2/* 20", chat=cast.ops)
        page = await cast.telegram.next_message(cast.ops)
        await cast.student.presses(page, "↻")
        own = await cast.telegram.next_message(cast.ops)
        assert own.text.startswith("directus on server2") and "three" not in own.text
        assert not page.edits
        await cast.dias.says("/logs secretive 2", chat=cast.ops)
        page = await cast.telegram.next_message(cast.ops)
        answer = await cast.student.presses(page, "‹ Older")
        assert answer.text == "It is not there any more." and answer.show_alert
        assert not page.edits


async def test_a_week_later_the_buttons_are_too_old_but_for_the_plain_ones(
    lab: Lab, cast: Cast, setup: Make
) -> None:
    server = lab.servers["server1"]
    server.run_logger("api", b"one\ntwo\nthree\n")
    clock = HandClock()
    clock.time = datetime.now(ALMATY)
    async with running(setup(server), clock=clock):
        page = await asked(cast, "/logs api 2")
        clock.pass_by(days=8)
        answer = await cast.dias.presses(page, "‹ Older")
        assert answer.text == "This message is too old. Ask again." and answer.show_alert
        await turned(cast, page, "↻")
        assert lines(page) == ["two", "three"]
