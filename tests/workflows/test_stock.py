"""`/df`, `/images` and `/prune` on a real engine: exactly what was announced goes, and nothing that is in use."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable

import pytest

from services.domain.stock import Kind
from services.fleet.engine import DockerEngine
from services.fleet.sdk import Ask, Client
from tests.bots import Setup, process, running
from tests.conftest import Cast, labels, next_answer
from tests.lab.dockerd import IMAGE
from tests.lab.server import Server
from tests.lab.servers import Lab

pytestmark = pytest.mark.lab

Make = Callable[..., Setup]


@pytest.fixture
async def server(lab: Lab) -> AsyncIterator[Server]:
    """With two images without a name, one of which a container holds; volumes of all sorts; a stopped container."""
    server = lab.servers["server2"]
    server.docker("image", "prune", "--force")  # what other tests have built
    for name in ("kept", "lost"):
        server.docker("create", f"--name=base-{name}", IMAGE, "true")
        image = server.docker("commit", f"--message={name}", f"base-{name}").strip()
        server.docker("rm", f"base-{name}")
        if name == "kept":
            server.docker("run", "--detach", "--name=holder", "--volume=/data", image, "sleep", "1000")
    server.docker("volume", "create")
    server.docker("volume", "create", "--label=vakhta.protected=true")
    server.docker("volume", "create", "named")
    server.docker("create", "--name=stopped", IMAGE, "true")
    yield server
    await asyncio.to_thread(server.docker, "rm", "--force", "--volumes", "holder", "quick")
    volumes = server.docker("volume", "ls", "--quiet").split()
    await asyncio.to_thread(server.docker, "volume", "rm", *volumes)
    dangling = server.docker("images", "--quiet", "--filter=dangling=true").split()
    if dangling:
        await asyncio.to_thread(server.docker, "rmi", *dangling)


def kept(server: Server) -> dict[str, set[str]]:
    return {
        "images": set(server.docker("images", "--quiet", "--filter=dangling=true").split()),
        "volumes": set(server.docker("volume", "ls", "--quiet").split()),
        "containers": set(server.docker("ps", "--all", "--quiet").split()),
    }


async def test_what_was_announced_goes_and_nothing_else(server: Server, cast: Cast, setup: Make) -> None:
    before = kept(server)
    async with running(setup(server)):
        await cast.aigerim.says("/prune")
        question = await next_answer(cast, cast.aigerim)
        lines = question.text.splitlines()
        assert lines[0].startswith("Remove 1 thing from server2, ")
        assert lines[1].startswith("1 image without a name · ")
        assert "Stays: 1 volume without a name" in question.text
        assert "1 stopped container" in question.text
        assert labels(question)[-2:] == ["Cancel", "Yes, remove"]
        await cast.aigerim.presses(question, "+ volumes")
        await cast.telegram.until(lambda: question.text.startswith("Remove 2 things"))
        assert "\nvolume " in question.text.partition("\nimage ")[0]
        await cast.aigerim.presses(question, "− volumes")
        await cast.telegram.until(lambda: question.text.startswith("Remove 1 thing "))
        await cast.aigerim.presses(question, "+ volumes")
        await cast.telegram.until(lambda: question.text.startswith("Remove 2 things"))
        await cast.aigerim.presses(question, "Yes, remove")
        await cast.telegram.until(lambda: question.text.startswith("✅ server2: 2 of 2 removed, "))
        assert "👤 Aigerim, " in question.text
        await cast.aigerim.says("/audit")
        assert "make room" in (await next_answer(cast, cast.aigerim)).text
    after = kept(server)
    assert len(before["images"] - after["images"]) == 1
    assert len(before["volumes"] - after["volumes"]) == 1
    assert "named" in after["volumes"]
    assert after["containers"] == before["containers"]
    labelled = server.docker("volume", "ls", "--quiet", "--filter=label=vakhta.protected=true").split()
    assert len(labelled) == 1


async def test_an_unused_image_goes_with_all_its_names(server: Server, cast: Cast, setup: Make) -> None:
    server.docker("create", "--name=base", IMAGE, "true")
    image = server.docker("commit", "base", "lab/one:1.0").strip()
    server.docker("rm", "base")
    server.docker("tag", image, "lab/two:2.0")
    async with running(setup(server)):
        await cast.aigerim.says("/prune")
        question = await next_answer(cast, cast.aigerim)
        await cast.aigerim.presses(question, "+ unused images")
        await cast.telegram.until(lambda: "lab/one:1.0, lab/two:2.0 · " in question.text)
        await cast.aigerim.presses(question, "Yes, remove")
        await cast.telegram.until(lambda: question.text.startswith("✅ server2: "))
        assert re.match(r"✅ server2: (\d+) of \1 removed, ", question.text)
    assert image.removeprefix("sha256:")[:12] not in server.docker("images", "--all", "--quiet")


async def test_a_long_list_is_a_file_and_one_message_tells_how_far_it_is(
    server: Server, cast: Cast, setup: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handlers.views.stock._QUOTE_UNITS", 1)
    monkeypatch.setattr("services.clearing._EVERY", 1)
    async with running(setup(server)):
        await cast.aigerim.says("/prune")
        question = await next_answer(cast, cast.aigerim)
        assert question.document is not None
        assert question.document.content.startswith(b"image ")
        assert labels(question)[-2:] == ["Cancel", "Yes, remove"]
        before = len(cast.aigerim.chat.sent)
        await cast.aigerim.presses(question, "Yes, remove")
        await cast.telegram.until(lambda: cast.aigerim.chat.sent[-1].text.startswith("✅ "))
        assert len(cast.aigerim.chat.sent) == before + 1
        assert labels(question) == []


@pytest.mark.parametrize("named", [False, True])
async def test_what_came_into_use_meanwhile_stays(
    server: Server, cast: Cast, setup: Make, named: bool
) -> None:
    """A container is made of it; or somebody has given it a name, which an engine would not mind."""
    async with running(setup(server)):
        await cast.aigerim.says("/prune server2")
        question = await next_answer(cast, cast.aigerim)
        name = question.text.splitlines()[2].partition(" · ")[0].removeprefix("image ")
        if named:
            server.docker("tag", name, "lab/wanted:1.0")
        else:
            server.docker("create", "--name=quick", name, "true")
        await cast.aigerim.presses(question, "Yes, remove")
        await cast.telegram.until(lambda: question.text.startswith("⚠️ server2: 0 of 1 removed"))
        assert f"In use meanwhile, or gone: image {name}" in question.text
    assert name in server.docker("images", "--quiet", "--no-trunc")
    if named:
        server.docker("rmi", "lab/wanted:1.0")


async def test_only_admins_and_only_the_asker_and_only_once(
    lab: Lab, server: Server, cast: Cast, setup: Make
) -> None:
    async with running(setup(*lab.servers.values())):
        await cast.dias.says("/prune server2")
        assert "No right" in (await next_answer(cast, cast.dias)).text
        await cast.aigerim.says("/prune")
        choice = await next_answer(cast, cast.aigerim)
        assert labels(choice) == ["server1", "server2"]
        await cast.aigerim.presses(choice, "server2")
        await cast.telegram.until(lambda: "Cancel" in labels(choice))
        await cast.aigerim.presses(choice, "Cancel")
        await cast.telegram.until(lambda: choice.text == "Nothing removed from server2.")
    assert len(kept(server)["images"]) >= 1


@pytest.mark.long
@pytest.mark.parametrize("sent", [True, False])
async def test_a_cut_connection_tells_what_is_unknown(
    server: Server, cast: Cast, setup: Make, monkeypatch: pytest.MonkeyPatch, sent: bool
) -> None:
    """sent: the cable is cut under the request itself, so nobody can tell; else before the ping ahead of it."""
    carrying, removing = Client.carry_out, DockerEngine.remove

    def cut_under(self: Client, ask: Ask[None], seconds: float, host: str, name: str) -> None:
        server.pull_cable()
        carrying(self, ask, seconds, host, name)

    async def cut_before(
        self: DockerEngine, kind: Kind, identity: str, *, image: str = "", deadline: float
    ) -> None:
        server.pull_cable()
        await removing(self, kind, identity, image=image, deadline=deadline)

    async with running(setup(server)):
        await cast.aigerim.says("/prune")
        question = await next_answer(cast, cast.aigerim)
        await cast.aigerim.presses(question, "+ volumes")
        await cast.telegram.until(lambda: question.text.startswith("Remove 2 things"))
        if sent:
            monkeypatch.setattr(Client, "carry_out", cut_under)  # reads go another way
        else:
            monkeypatch.setattr(DockerEngine, "remove", cut_before)
        await cast.aigerim.presses(question, "Yes, remove")
        await cast.telegram.until(lambda: question.text.startswith("⚠️ server2: 0 of 2 removed"), 90)
        assert ("Not known whether removed: " in question.text) == sent
        (untried,) = (line for line in question.text.splitlines() if line.startswith("Not tried: "))
        assert untried.count(",") == (0 if sent else 1)
        await cast.aigerim.says("/audit")
        assert ("unknown" in (await next_answer(cast, cast.aigerim)).text) == sent


@pytest.mark.long
async def test_killed_in_the_middle_what_is_left_is_told(server: Server, cast: Cast, setup: Make) -> None:
    """After the engine has removed the volume, before that is written down."""
    made = setup(server)
    async with process(made, module=("tests.mortal", "after", "remove")) as bot:
        await cast.aigerim.says("/prune")
        question = await next_answer(cast, cast.aigerim)
        await cast.aigerim.presses(question, "+ volumes")
        await cast.telegram.until(lambda: question.text.startswith("Remove 2 things"))
        await cast.aigerim.presses(question, "Yes, remove")
        assert await bot.death() == -9
    assert question.text == "⏳ Making room on server2: 0 of 2 …"
    async with running(made):
        ringing = await cast.telegram.next_message(cast.aigerim)
        assert ringing.reply_to is question
        head, left = question.text.splitlines()
        assert head == "⚠️ server2: making room was interrupted, the bot was restarted meanwhile"
        assert re.match(r"Could still go, 1 of 2: (image|volume) ", left)
        assert (ringing.text, labels(ringing)) == (question.text, [])
        await asyncio.sleep(1)  # what the killed one has just sent to a person, this one does not know
        await cast.aigerim.says("/audit")
        assert "unknown" in (await next_answer(cast, cast.aigerim)).text
        await cast.aigerim.presses(question, "Make room: server2")
        again = await next_answer(cast, cast.aigerim)
        await cast.aigerim.presses(again, "Yes, remove")
        await cast.telegram.until(lambda: again.text.startswith("✅ server2: 1 of 1 removed"))
    async with running(made):
        await cast.telegram.silence(cast.aigerim, 1)


@pytest.mark.long
async def test_cut_off_it_is_told_where_it_told_how_far_it_was(
    server: Server, cast: Cast, setup: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The question is a file, so that another message tells it."""
    monkeypatch.setattr("handlers.views.stock._QUOTE_UNITS", 1)
    made, under_way = setup(server, language="ru"), asyncio.Event()

    async def never(*_given: object, **_named: object) -> None:
        under_way.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(DockerEngine, "remove", never)
        async with running(made):
            await cast.aigerim.says("/prune")
            question = await next_answer(cast, cast.aigerim)
            await cast.aigerim.presses(question, "Да, удалить", wait=False)
            shown = await next_answer(cast, cast.aigerim)
            assert shown.text == "⏳ Освобождаю место на server2: 0 из 1 …"
            await under_way.wait()
    server.docker("image", "prune", "--force")  # by somebody else
    async with running(made):
        await cast.telegram.until(lambda: shown.text.startswith("⚠️"))
        assert shown.text.splitlines() == [
            "⚠️ server2: освобождение места прервано, бот в это время перезапускался",
            "Из намеченного убирать больше нечего.",
        ]
        assert labels(shown) == ["Диск"]
        ringing = await next_answer(cast, cast.aigerim)
        assert (ringing.text, ringing.reply_to) == (shown.text, shown)


async def test_disks_and_images(lab: Lab, server: Server, cast: Cast, setup: Make) -> None:
    async with running(setup(*lab.servers.values(), language="ru")):
        await cast.aigerim.says("/df")
        reply = await next_answer(cast, cast.aigerim)
        assert reply.text.startswith("Docker на диске")
        assert "контейнеры: 8, в работе 7" in reply.text
        await cast.aigerim.presses(reply, "Образы: server2")
        await cast.telegram.until(lambda: reply.text.startswith("Образы на server2: "))
        assert "amir20/dozzle:v8, " in reply.text
        await cast.aigerim.presses(reply, "‹ Диск")
        await cast.telegram.until(lambda: "server1" in reply.text)
        await cast.aigerim.says("/df server1")
        reply = await next_answer(cast, cast.aigerim)
        await cast.aigerim.presses(reply, "‹ Все серверы")
        await cast.telegram.until(lambda: "server2" in reply.text)
        await cast.student.says("/df")
        assert (
            await next_answer(cast, cast.student)
        ).text == "В вашей области нет ни одного сервера целиком."
        await cast.student.says("/images server2")
        assert "server2" in (await next_answer(cast, cast.student)).text
