"""`/grep` on real servers: what is found, how it reads, and what its buttons do."""

import random
import time
from collections.abc import Callable

import pytest

from playground.telegram import Message
from tests.bots import Setup, running
from tests.conftest import Cast, labels
from tests.lab.servers import Lab

pytestmark = pytest.mark.lab

Make = Callable[..., Setup]


def log(*lines: str) -> bytes:
    return "".join(line + "\n" for line in lines).encode()


async def answer(cast: Cast, text: str) -> Message:
    await cast.dias.says(text)
    return await cast.telegram.next_message(cast.dias)


async def test_hits_of_several_containers_newest_first(lab: Lab, cast: Cast, setup: Make) -> None:
    first, second = lab.servers["server1"], lab.servers["server2"]
    first.run_logger("api", log("ERROR one", "INFO two", "ERROR three"))
    second.run_logger("web", log("INFO four", "ERROR five"))
    async with running(setup(first, second)):
        reply = await answer(cast, "/grep ^ERROR api,web")
        head, counts, *_bar, newest, second_newest, oldest = reply.text.splitlines()
        assert head == "🔎 ^ERROR · 3 hits in 2 of 2 · all of the logs"
        assert counts == "api 2 · web 1"
        assert newest.endswith("web│ ERROR five")
        assert second_newest.endswith("api│ ERROR three")
        assert oldest.endswith("api│ ERROR one")
        assert reply.buttons == [["Context", "File", "↻"]]
        assert {entity.type for entity in reply.entities} >= {"code", "pre"}
        everywhere = await answer(cast, "/grep five")
        assert everywhere.text.splitlines()[0] == "🔎 five · 1 hit in 1 of 13 · all of the logs"


async def test_more_by_a_tap_until_the_oldest_and_all_as_a_file(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    server.run_logger("api", log(*(f"ERROR number {number:04}" for number in range(1, 121))))
    async with running(setup(server)):
        page = await answer(cast, "/grep ERROR api")
        numbers = []
        assert page.text.splitlines()[0] == "🔎 ERROR · 120 hits in api · the whole log"
        first = page
        while True:
            numbers += [int(line.split()[-1]) for line in page.text.splitlines() if "number" in line]
            if "More" not in labels(page):
                break
            await cast.dias.presses(page, "More")
            page = await cast.telegram.next_message(cast.dias)
        assert "More" not in labels(first)  # a second press would say the same again
        assert numbers == list(range(120, 0, -1))
        assert page.text.splitlines()[0].startswith("🔎 ERROR · 20 further hits in api")
        await cast.dias.presses(first, "File")
        sent = await cast.telegram.next_message(cast.dias)
        assert sent.document is not None
        content = sent.document.content.decode().splitlines()
        assert content[:2] == ["# ERROR", "# server1/api · 120"]
        assert [int(line.split()[-1]) for line in content[3:]] == list(range(1, 121))
        assert all(" server1/api stdout: ERROR number" in line for line in content[3:])


async def test_options_context_and_what_to_try_when_nothing_is_found(
    lab: Lab, cast: Cast, setup: Make
) -> None:
    server = lab.servers["server1"]
    server.run_logger("api", log("start", "Ошибка: нет связи", "повтор", "end"))
    async with running(setup(server)):
        around = await answer(cast, "/grep “нет связи” api —C 1")
        shown = [line.split(maxsplit=1)[1] for line in around.text.splitlines()[-3:]]
        assert shown == ["start", "Ошибка: нет связи", "повтор"]
        inverted = await answer(cast, "/grep ошибка -i -v api")
        assert inverted.text.splitlines()[0] == "🔎 ошибка -i -v · 3 hits in api · the whole log"
        nothing = await answer(cast, "/grep ОШИБКА api")
        assert nothing.text == "🔎 ОШИБКА · no hit in api · the whole log"
        await cast.dias.presses(nothing, "Ignore case")
        await cast.telegram.until(lambda: "1 hit in api" in nothing.text)
        assert nothing.text.splitlines()[0].startswith("🔎 ОШИБКА -i")
        server.run_logger("late", log("ERROR now"))
        gone = await answer(cast, "/grep ERROR late 30m")
        assert "1 hit in late · since " in gone.text
        server.docker("rm", "--force", "late")
        await cast.dias.presses(gone, "↻")
        assert 'No container "late".' in (await cast.telegram.next_message(cast.dias)).text


async def test_wider_by_a_tap(lab: Lab, cast: Cast, setup: Make) -> None:
    first, second = lab.servers["server1"], lab.servers["server2"]
    first.run_logger("api", log("start", "ERROR one", "end"))
    second.run_logger("web", log("ERROR two"))
    async with running(setup(first, second)):
        page = await answer(cast, "/grep two api 1m")
        await cast.dias.presses(page, "All of the log")
        await cast.telegram.until(lambda: page.text.startswith("🔎 two · no hit in api · the whole log"))
        await cast.dias.presses(page, "All logs")
        await cast.telegram.until(lambda: page.text.startswith("🔎 two · 1 hit in 1 of 13"))
        page = await answer(cast, "/grep one api")
        await cast.dias.presses(page, "Context")
        await cast.telegram.until(lambda: page.text.splitlines()[-1].endswith(" end"))
        assert page.text.splitlines()[-3].endswith(" start") and "Context" not in labels(page)


async def test_words_without_quotes_and_names_with_mistakes_are_mended_by_a_tap(
    lab: Lab, cast: Cast, setup: Make
) -> None:
    server = lab.servers["server1"]
    server.run_logger(
        "worker", log("connection closed", "ERROR connection refused", "status 200", "status 500")
    )
    async with running(setup(server)):
        page = await answer(cast, "/grep connection refused worker 2h")
        assert page.text == 'No container "refused". Did you mean:'
        assert page.buttons == [["🔎 connection refused"]]
        await cast.dias.presses(page, "🔎 connection refused")
        await cast.telegram.until(lambda: page.text.startswith("🔎 connection refused · 1 hit in worker"))
        page = await answer(cast, "/grep connection wroker")
        assert page.buttons == [["worker"], ["🔎 connection wroker"]]
        await cast.dias.presses(page, "worker")
        await cast.telegram.until(lambda: page.text.startswith("🔎 connection · 2 hits in worker"))
        page = await answer(cast, "/grep status 500 worker")
        assert page.text.startswith("🔎 status · 2 hits in worker")
        await cast.dias.presses(page, '🔎 "status 500" worker')
        await cast.telegram.until(lambda: page.text.startswith("🔎 status 500 · 1 hit in worker"))
        page = await answer(cast, '/grep "connection refused" qqqq')
        assert page.text == 'No container "qqqq".' and not page.buttons


async def test_mistakes_are_explained(cast: Cast, setup: Make) -> None:
    async with running(setup()):
        for text, words in {
            "/grep foo(?=bar)": 'Pattern not understood: look-ahead "(?=" is not supported. Try: foo(?:bar)',
            "/grep a(b": 'Pattern not understood: the bracket "(" at 2 is never closed. The sign itself is \\(',
            f"/grep {'a' * 257}": "This pattern is too long: 256 characters at most.",
            '/grep "abc n8n': 'A quotation mark is not closed: "abc n8n',
            "/grep a -Z": '"-Z" is no option: -i, -v, -C 3. A pattern that begins with - stands behind --',
            "/grep a -C 11": '"11" is no number of lines of context: -C 0 to -C 10',
        }.items():
            assert (await answer(cast, text)).text == words


async def test_a_bare_command_asks_for_the_pattern(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    server.run_logger("api", log("ERROR connection refused", "ack timeout", "INFO /api/items"))
    async with running(setup(server)):
        asked = await answer(cast, "/grep -i")
        assert asked.text.splitlines()[0] == "🔎 What shall I look for? Reply with words or a pattern."
        for pattern, found in {
            "CONNECTION refused": "🔎 CONNECTION refused -i · 1 hit",  # no quotes are needed
            "ack timeout": "🔎 ack timeout -i · 1 hit",  # and it is no acknowledgement
            "/api/items": "🔎 /api/items -i · 1 hit",
        }.items():
            await cast.dias.says(pattern, reply_to=asked)
            assert (await cast.telegram.next_message(cast.dias)).text.startswith(found)
        await cast.dias.says("/whoami", reply_to=asked)
        assert (await cast.telegram.next_message(cast.dias)).text.startswith("Dias")


async def test_the_button_below_a_log_asks_what_to_search_there(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    server.run_logger("api", log("ERROR one", "INFO two"))
    async with running(setup(server)):
        page = await answer(cast, "/logs api 1")
        await cast.dias.presses(page, "Search")
        asked = await cast.telegram.next_message(cast.dias)
        assert asked.text.splitlines()[-1] == "In: server1/api"
        await cast.dias.says("ERROR|INFO", reply_to=asked)
        reply = await cast.telegram.next_message(cast.dias)
        assert reply.text.startswith("🔎 ERROR|INFO · 2 hits in api")
        await cast.dias.says("/logs api,redis 1", chat=cast.ops)
        page = await cast.telegram.next_message(cast.ops)
        await cast.aigerim.presses(page, "Search")
        asked = await cast.telegram.next_message(cast.ops)
        assert asked.text.startswith("🔎 Aigerim: What shall")
        assert asked.text.splitlines()[-1] == "In: api, redis"


async def test_somebody_elses_question_is_not_answered(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    server.run_logger("api", log("ERROR one"))
    async with running(setup(server)):
        await cast.dias.says("/grep", chat=cast.ops)
        asked = await cast.telegram.next_message(cast.ops)
        await cast.aigerim.says("ERROR", chat=cast.ops, reply_to=asked)
        await cast.dias.says("one", chat=cast.ops, reply_to=asked)
        reply = await cast.telegram.next_message(cast.ops)
        assert reply.text.startswith("🔎 one · 1 hit in 1 of 6")


async def test_who_may_see_less_finds_less(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server2"]
    async with running(setup(server)):
        await cast.student.says("/grep INFO|LOG|ERROR")
        reply = await cast.telegram.next_message(cast.student)
        assert "in directus" in reply.text.splitlines()[0]
        assert "postgres" not in reply.text
        await cast.dias.says("/grep LOG", chat=cast.ops)
        whole = await cast.telegram.next_message(cast.ops)
        assert "postgres" in whole.text or "in 1 of" in whole.text
        await cast.student.presses(whole, "↻")
        narrowed = await cast.telegram.next_message(cast.ops)
        assert narrowed.text.splitlines()[0].startswith("🔎 LOG · no hit in directus")
        assert "1 of" in whole.text.splitlines()[0]  # the message of who sees more stays


async def test_a_secret_is_neither_shown_nor_confirmed(lab: Lab, cast: Cast, setup: Make) -> None:
    server = lab.servers["server1"]
    server.run_logger(
        "leaky", log("connecting to postgres://directus:hunter2hunter2@db:5432/directus", "next")
    )
    async with running(setup(server)):
        for attack in ("hunter2", "hunter2 -i", "directus:(hunt|•)", "directus:.{14}@", "-v zzz -C 1"):
            reply = await answer(cast, f"/grep {attack} leaky")
            assert "hunter2hunter2" not in reply.text
            assert ("no hit" in reply.text.splitlines()[0]) is (attack != "-v zzz -C 1")
        reply = await answer(cast, "/grep directus:.*@db leaky")
        assert "no hit" in reply.text.splitlines()[0]  # it would lead through what is hidden
        reply = await answer(cast, "/grep @db:5432 leaky")
        assert "postgres://directus:•••@db:5432/directus" in reply.text


SLOW = r"(?:\w?\s?\w?){600}Q"  # some 0.03 MB/s, the slowest that is taken


async def test_a_search_that_takes_long_tells_is_cancelled_and_holds_up_nobody(
    lab: Lab, cast: Cast, setup: Make
) -> None:
    server = lab.servers["server1"]
    chance = random.Random(1)
    lines = ("".join(chance.choices("abcdef ghij 0123", k=90)) for _ in range(40_000))
    server.run_logger("big", log(*lines))
    async with running(setup(server)):
        await cast.dias.says(f'/grep "{SLOW}" big', chat=cast.ops)
        waiting = await cast.telegram.next_message(cast.ops)
        assert waiting.text.startswith(f"⏳ {SLOW} · 0 of 1")
        assert waiting.buttons == [["Cancel"]]
        for _ in range(3):
            began = time.monotonic()
            await cast.aigerim.says("/status server1")
            assert "server1" in (await cast.telegram.next_message(cast.aigerim)).text
            assert time.monotonic() - began < 1
        press = await cast.aigerim.presses(waiting, "Cancel")
        assert press.text == "Only Dias can cancel this."
        await cast.dias.presses(waiting, "Cancel")
        await cast.telegram.until(lambda: waiting.text.startswith("🔎"))
        assert "Cancelled." in waiting.text
        assert labels(waiting)[0] == "Go on"
        await cast.dias.presses(waiting, "Go on")
        await cast.telegram.until(lambda: labels(waiting)[-1] == "Cancel")
        assert labels(waiting)[0].startswith("⏳")
        await cast.dias.presses(waiting, "Cancel")
        await cast.telegram.until(lambda: "Go on" in labels(waiting))


async def test_a_silent_host_is_a_line_of_the_answer(lab: Lab, cast: Cast, setup: Make) -> None:
    first, second = lab.servers["server1"], lab.servers["server2"]
    first.run_logger("api", log("ERROR one"))
    async with running(setup(first, second)):
        await answer(cast, "/grep one")
        second.pull_cable()
        reply = await answer(cast, "/grep one")
    assert "1 hit in 1 of 6" in reply.text.splitlines()[0]
    assert reply.text.splitlines()[1].startswith("⚠️ server2: no contact")
