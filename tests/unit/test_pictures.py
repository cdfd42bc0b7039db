"""Pictures come from a process of their own, which may be killed, hang, grow or rest."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import psutil
import pytest
from PIL import Image

from services.domain.metrics import Mark, MarkKind
from services.errors import PictureFailed, PicturesFull, PictureTooSlow
from services.outcomes import settled
from services.pictures.bars import Bars, Column
from services.pictures.easel import Easel, Painted
from services.pictures.pictures import Limits, Pictures, open_pictures
from tests.unit.picture_scenery import NOW, curve, drawing

ROOT = Path(__file__).parents[2]
DRAWING = drawing(curve(), title="CPU")
SMALL = replace(DRAWING, small=True)
# A zone that nobody knows: the process stumbles over it, as over any defect.
BROKEN = replace(DRAWING, zone="Nowhere/Nothing")
LARGE = drawing(*(curve(f"server{number}") for number in range(50)))


@pytest.fixture
async def pictures() -> AsyncIterator[Pictures]:
    async with open_pictures() as opened:
        yield opened


def painters() -> list[psutil.Process]:
    """The processes of ours that draw now."""
    found = []
    for child in psutil.Process().children():
        try:
            if "services.pictures.painter" in child.cmdline():
                found.append(child)
        except psutil.Error:  # it has just ended
            continue
    return found


def painter() -> psutil.Process:
    (only,) = painters()
    return only


def size(body: bytes) -> tuple[int, int]:
    picture = Image.open(BytesIO(body))
    assert picture.format == "PNG"
    return picture.size


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Set once a picture has been asked for by the process that draws."""
    event, paint = asyncio.Event(), Easel.paint

    async def telling(self: Easel, frame: bytes) -> Painted:
        event.set()
        return await paint(self, frame)

    monkeypatch.setattr(Easel, "paint", telling)
    return event


async def test_a_picture_comes_and_the_process_stays_for_the_next_one(pictures: Pictures) -> None:
    assert painters() == []
    assert size(await pictures.draw(DRAWING)) == (1280, 840)
    first = painter()
    assert size(await pictures.draw(SMALL)) == (1280, 480)
    assert painter() == first


async def test_each_gets_its_own_picture(pictures: Pictures) -> None:
    asked = [DRAWING, replace(DRAWING, marks=(Mark(NOW, MarkKind.RESTART, ""),) * 2, curves=()), SMALL] * 5
    found = await asyncio.gather(*(pictures.draw(each) for each in asked))
    assert found[:3] * 5 == found
    assert len(set(found)) == 3
    assert len(painters()) == 1


async def test_bars_are_drawn_there_too(pictures: Pictures) -> None:
    columns = (Column(1.0, 0.1), Column(None), Column(0.5))
    assert size(await pictures.draw(Bars(columns, ("08:00", "20:00", "08:00"), "100"))) == (1280, 480)
    assert len(painters()) == 1


async def test_killed_between_two_pictures(pictures: Pictures) -> None:
    await pictures.draw(DRAWING)
    painter().kill()
    assert size(await pictures.draw(DRAWING)) == (1280, 840)


async def test_killed_over_a_picture(pictures: Pictures, sent: asyncio.Event) -> None:
    """It is drawn by the next process, and so is the one that waits behind it."""
    await pictures.draw(DRAWING)
    first = painter()
    first.suspend()
    sent.clear()
    async with asyncio.TaskGroup() as group:
        one, other = group.create_task(pictures.draw(DRAWING)), group.create_task(pictures.draw(SMALL))
        await sent.wait()
        first.kill()
    assert {size(one.result()), size(other.result())} == {(1280, 840), (1280, 480)}
    assert painter() != first


async def test_killed_over_and_over(pictures: Pictures, caplog: pytest.LogCaptureFixture) -> None:
    async def kill() -> None:
        while True:
            for each in painters():
                each.kill()
            await asyncio.sleep(0.005)

    async with asyncio.TaskGroup() as group:
        killing = group.create_task(kill())
        with pytest.raises(PictureFailed) as failed:
            await pictures.draw(DRAWING)
        killing.cancel()
    assert "SIGKILL" in failed.value.detail
    assert "SIGKILL" in caplog.text
    assert size(await pictures.draw(DRAWING)) == (1280, 840)


async def test_one_that_hangs_is_given_up() -> None:
    async with open_pictures(Limits(turn=3)) as pictures:
        await pictures.draw(DRAWING)
        first = painter()
        first.suspend()
        with pytest.raises(PictureTooSlow) as slow:
            await pictures.draw(DRAWING)
        assert slow.value.seconds == 3
        assert size(await pictures.draw(DRAWING)) == (1280, 840)
        assert painter() != first


async def test_who_waits_too_long_is_told_and_the_process_goes_on() -> None:
    async with open_pictures(Limits(patience=3)) as pictures:
        await pictures.draw(DRAWING)
        first = painter()
        first.suspend()
        with pytest.raises(PictureTooSlow) as slow:
            await pictures.draw(DRAWING)
        assert slow.value.seconds == 3
        first.resume()
        assert size(await pictures.draw(SMALL)) == (1280, 480)
        assert painter() == first


async def test_who_waits_at_the_end_is_told() -> None:
    async with asyncio.TaskGroup() as group, open_pictures() as pictures:
        await pictures.draw(DRAWING)
        painter().suspend()
        waiting = [group.create_task(settled(lambda: pictures.draw(DRAWING))) for _ in range(2)]
        await until(lambda: pictures.waited_for == 2)
    assert [type(each.result()) for each in waiting] == [PictureFailed] * 2


async def test_too_many_at_a_time(sent: asyncio.Event) -> None:
    async with open_pictures(Limits(most=2)) as pictures:
        await pictures.draw(DRAWING)
        painter().suspend()
        sent.clear()
        async with asyncio.TaskGroup() as group:
            waiting = [group.create_task(pictures.draw(DRAWING)) for _ in range(2)]
            await sent.wait()
            with pytest.raises(PicturesFull) as full:
                await pictures.draw(DRAWING)
            assert full.value.most == 2
            painter().resume()
        assert [size(each.result()) for each in waiting] == [(1280, 840)] * 2
        assert size(await pictures.draw(DRAWING)) == (1280, 840)


async def test_one_that_is_called_off_leaves_nothing_to_the_next(
    pictures: Pictures, sent: asyncio.Event
) -> None:
    await pictures.draw(DRAWING)
    sent.clear()
    async with asyncio.TaskGroup() as group:
        called_off = group.create_task(pictures.draw(LARGE))
        await sent.wait()
        called_off.cancel()
    assert called_off.cancelled()
    assert size(await pictures.draw(SMALL)) == (1280, 480)


async def test_what_cannot_be_drawn_is_told_and_logged(
    pictures: Pictures, caplog: pytest.LogCaptureFixture
) -> None:
    await pictures.draw(DRAWING)
    first = painter()
    with pytest.raises(PictureFailed) as failed:
        await pictures.draw(BROKEN)
    assert "Nowhere/Nothing" in failed.value.detail
    assert "Nowhere/Nothing" in caplog.text
    assert size(await pictures.draw(DRAWING)) == (1280, 840)
    assert painter() == first


async def test_a_process_that_cannot_be_started(
    pictures: Pictures, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with pytest.raises(PictureFailed):
        await pictures.draw(DRAWING)
    assert "/nowhere/python" in caplog.text
    monkeypatch.undo()
    assert size(await pictures.draw(DRAWING)) == (1280, 840)


async def test_a_process_that_ends_at_its_start_tells_why(
    pictures: Pictures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.pictures.easel._ROOT", Path("/nowhere"))
    with pytest.raises(PictureFailed) as failed:
        await pictures.draw(DRAWING)
    assert "with status 1" in failed.value.detail
    assert "No module named" in failed.value.detail


async def test_it_rests_when_nothing_is_asked() -> None:
    async with open_pictures(Limits(idle=0.05)) as pictures:
        await pictures.draw(DRAWING)
        await until(lambda: not painters())
        assert size(await pictures.draw(DRAWING)) == (1280, 840)


async def test_one_that_has_grown_is_replaced() -> None:
    async with open_pictures(Limits(resident=1)) as pictures:
        await pictures.draw(DRAWING)
        await until(lambda: not painters())
        assert size(await pictures.draw(DRAWING)) == (1280, 840)


async def test_it_stays_below_200_megabytes(pictures: Pictures) -> None:
    for _ in range(10):
        await pictures.draw(LARGE)
        assert painter().memory_info().rss < 200e6


async def test_nothing_is_left_when_all_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    async with open_pictures() as pictures:
        assert not list(tmp_path.iterdir()), "nothing for those who never ask for a picture"
        await pictures.draw(DRAWING)
        (directory,) = tmp_path.iterdir()
        assert directory.stat().st_mode & 0o077 == 0
    assert not list(tmp_path.iterdir())
    assert not painters()


async def test_it_has_nothing_of_the_bots(
    pictures: Pictures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VAKHTA_TELEGRAM__TOKEN", "1:secret")
    secret = tmp_path / "secret"
    secret.touch()
    with secret.open() as file:
        os.set_inheritable(file.fileno(), True)
        await pictures.draw(DRAWING)
    environment = painter().environ()
    assert "1:secret" not in environment.values()
    assert not [name for name in environment if name.startswith("VAKHTA")]
    descriptors = Path(f"/proc/{painter().pid}/fd").iterdir()
    assert str(secret) not in [str(each.readlink()) for each in descriptors]


async def test_keys_of_the_terminal_do_not_reach_it(pictures: Pictures) -> None:
    await pictures.draw(DRAWING)
    first = painter()
    assert os.getpgid(first.pid) != os.getpgid(0)
    first.send_signal(signal.SIGINT)
    assert size(await pictures.draw(DRAWING)) == (1280, 840)
    assert painter() == first


_BOT = """
import asyncio
from services.pictures.pictures import open_pictures
from tests.unit.test_pictures import DRAWING, painter

async def main():
    async with open_pictures() as pictures:
        await pictures.draw(DRAWING)
        print(painter().pid, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


def test_it_ends_with_a_bot_that_is_killed() -> None:
    """Even where it hangs and so does not see that nobody asks it any more."""
    with subprocess.Popen([sys.executable, "-c", _BOT], cwd=ROOT, stdout=subprocess.PIPE) as bot:
        assert bot.stdout
        drawing = psutil.Process(int(bot.stdout.readline()))
        drawing.suspend()
        bot.kill()
    psutil.wait_procs([drawing], timeout=20)
    assert not drawing.is_running()


async def test_a_large_picture_holds_nobody_up(pictures: Pictures) -> None:
    """Neither what it is asked with nor the start of its process does."""
    held = []
    for _ in range(5):
        longest = 0.0
        async with asyncio.TaskGroup() as group:
            task = group.create_task(pictures.draw(LARGE))
            while not task.done():
                at = time.perf_counter()
                await asyncio.sleep(0.001)
                longest = max(longest, time.perf_counter() - at - 0.001)
        for each in painters():
            each.kill()
        held.append(longest)
    assert min(held) < 0.05, "the best of five: others use the machine, too"
