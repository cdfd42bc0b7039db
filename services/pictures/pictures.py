"""Pictures on request, drawn one after another in a process of their own: the event loop is not held, and what
drawing takes in memory, or breaks, the bot does not have.
"""

import asyncio
import logging
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from services.errors import PictureError, PictureFailed, PicturesFull, PictureTooSlow
from services.pictures.bars import Bars
from services.pictures.drawing import Drawing
from services.pictures.easel import Easel, EaselGone, Painted
from services.pictures.sheet import packed

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds, but for the first and the last.

    most: pictures that may be waited for at a time. patience: from being asked for to being there. turn: for the
    drawing alone, the start of the process included; whatever takes longer will not end. idle: after which the process
    is ended. resident: bytes of memory, beyond which it is ended and the next picture gets a new one.
    """

    most: int = 32
    patience: float = 10.0
    turn: float = 10.0
    idle: float = 300.0
    resident: int = 180_000_000


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is waited for: done when its caller has given up, too."""

    frame: bytes
    answer: asyncio.Future[bytes | PictureError]

    def tell(self, answer: bytes | PictureError) -> None:
        if not self.answer.done():
            self.answer.set_result(answer)


class Pictures:
    """Its process is started for the first picture, half a second before it, and stays for the next ones."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.waited_for = 0
        self._asked: asyncio.Queue[_Asked] = asyncio.Queue()
        self._easel: Easel | None = None
        self._directory: Path | None = None

    async def draw(self, drawing: Drawing | Bars) -> bytes:
        """A PNG. Raises PicturesFull, PictureTooSlow, PictureFailed."""
        if self.waited_for >= self._limits.most:
            raise PicturesFull(self._limits.most)
        self.waited_for += 1
        try:
            async with asyncio.timeout(self._limits.patience):
                frame = await asyncio.to_thread(packed, drawing)
                asked = _Asked(frame, asyncio.get_running_loop().create_future())
                self._asked.put_nowait(asked)
                answer = await asked.answer
        except TimeoutError:
            log.error("no picture within %g s", self._limits.patience)  # noqa: TRY400
            raise PictureTooSlow(self._limits.patience) from None
        finally:
            self.waited_for -= 1
        if isinstance(answer, PictureError):
            raise answer
        return answer

    async def run(self) -> None:
        """Draws what is asked for, one after another. One whose caller has given up in the middle is drawn to its end:
        a new process would take longer.
        """
        try:
            while True:
                asked = await self._next()
                if not asked.answer.done():
                    await self._serve(asked)
        finally:
            while not self._asked.empty():
                self._asked.get_nowait().tell(PictureFailed("the bot ends"))
            await self._close()

    async def _next(self) -> _Asked:
        try:
            async with asyncio.timeout(self._limits.idle):
                return await self._asked.get()
        except TimeoutError:
            self._drop()
            return await self._asked.get()

    async def _serve(self, asked: _Asked) -> None:
        try:
            asked.tell(await self._drawn(asked.frame))
        except PictureError as error:
            asked.tell(error)
        finally:
            asked.tell(PictureFailed("the bot ends"))

    async def _drawn(self, frame: bytes) -> bytes:
        """Tried once more when the process ends over it: it may have been somebody's kill, or want of memory."""
        try:
            painted = await self._painted(frame)
        except EaselGone as gone:
            log.warning("the process that draws has ended %s; the picture is tried once more", gone)
            try:
                painted = await self._painted(frame)
            except EaselGone as again:
                log.error("no picture: the process that draws has ended again %s", again)  # noqa: TRY400
                raise PictureFailed(str(again)) from again
        if not painted.good:
            detail = painted.body.decode(errors="replace")
            log.error("no picture: %s", detail)
            raise PictureFailed(detail)
        return painted.body

    async def _painted(self, frame: bytes) -> Painted:
        whole = False
        try:
            async with asyncio.timeout(self._limits.turn):
                easel = await self._at_work()
                painted = await easel.paint(frame)
            whole = painted.resident <= self._limits.resident
            return painted
        except TimeoutError:
            log.error("no picture: the drawing took longer than %g s", self._limits.turn)  # noqa: TRY400
            raise PictureTooSlow(self._limits.turn) from None
        except OSError as error:
            log.exception("no picture: the process that draws cannot be started")
            raise PictureFailed(str(error)) from error
        finally:
            if not whole:
                self._drop()

    async def _at_work(self) -> Easel:
        if self._easel is None or self._easel.ended:
            if self._directory is None:
                self._directory = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="vakhta-pictures-"))
            self._easel = await Easel.start(self._directory)
        return self._easel

    def _drop(self) -> None:
        if self._easel:
            self._easel.drop()

    async def _close(self) -> None:
        if self._easel:
            self._easel.drop()
            await self._easel.gone()
        if self._directory:
            await asyncio.to_thread(shutil.rmtree, self._directory, ignore_errors=True)


@asynccontextmanager
async def open_pictures(limits: Limits | None = None) -> AsyncIterator[Pictures]:
    pictures = Pictures(limits or Limits())
    async with asyncio.TaskGroup() as group:
        drawing = group.create_task(pictures.run(), name="pictures")
        try:
            yield pictures
        finally:
            drawing.cancel()
