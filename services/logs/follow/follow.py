"""One follow: some containers' logs read side by side, and shown as often as the chat takes it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress

from services.errors import ChatClosed, MessageLost, MessageRefused, NotDelivered
from services.logs.follow.following import Finish, Pace, Sink, Snapshot, Ticket
from services.logs.follow.rights import Rights
from services.logs.follow.screen import Screen
from services.logs.follow.tap import Tap
from services.logs.text.presenter import ShownLine
from services.ports import Clock

FIRST_LINES = 1.0  # seconds for which the first message waits for lines
LET_GO = 1.0  # seconds for what is on its way to the chat, before the last word follows it
REFUSALS = 3  # by the chat, in a row

log = logging.getLogger(__name__)

Around = Callable[[], AbstractContextManager[None]]


class Rhythm:
    """Pauses between what is shown, in seconds, so that it keeps to a pace."""

    def __init__(self, pace: Pace, now: float) -> None:
        self._pace, self._at = pace, now
        self._left = float(pace.burst)

    def pause(self, now: float) -> float:
        """One has been shown just now."""
        earned = (now - self._at) / self._pace.every
        self._left = min(self._left + earned, self._pace.burst) - 1
        self._at = now
        return max(self._pace.least, (1 - self._left) * self._pace.every)


class Follow:
    """around: entered for what is shown, but for the first and the last. rights: asked before each showing."""

    def __init__(
        self,
        ticket: Ticket,
        taps: Sequence[Tap],
        screen: Screen,
        sink: Sink,
        clock: Clock,
        rights: Rights,
        around: Around = nullcontext,
    ) -> None:
        self.number, self.token = ticket.number, ticket.token
        self.taps, self.sink = tuple(taps), sink
        self._ticket, self._screen, self._clock = ticket, screen, clock
        self._rights, self._around = rights, around
        self._reading: dict[Tap, asyncio.Task[None]] = {}
        self._began = clock.now()
        self._news = asyncio.Event()
        screen.listen(self._news.set)
        self._finish: asyncio.Future[tuple[Finish, str]] = asyncio.get_running_loop().create_future()
        self._showing = asyncio.Lock()
        self._begun = False
        self._came = self._fresh = self._refusals = 0

    def end(self, finish: Finish, by: str = "") -> None:
        """`by`: who stopped it, if not the asker. The first end counts."""
        if not self._finish.done():
            self._finish.set_result((finish, by))

    async def run(self, seconds: float, placed: Callable[[], Awaitable[None]]) -> Finish:
        """Until its end, after `seconds` at the latest; `farewell` shows it. placed: called once it has been shown."""
        async with asyncio.TaskGroup() as group:
            for tap in self.taps:
                self._reading[tap] = group.create_task(tap.run(), name=f"tap {self.number}")
            works = [
                group.create_task(self._show(placed), name=f"show {self.number}"),
                group.create_task(self._outlast(list(self._reading.values()))),
            ]
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await asyncio.shield(self._finish)
            self.end(Finish.TIME)
            with suppress(TimeoutError):  # an edit that is on its way must not come behind the last one
                async with asyncio.timeout(LET_GO):
                    await self._showing.acquire()
            for task in (*self._reading.values(), *works):
                task.cancel()
        return self._finish.result()[0]

    async def farewell(self) -> None:
        """Show how it ended. Raises DeliveryError."""
        finish, by = self._finish.result()
        if finish is not Finish.UNSEEN:
            await self.sink.show(await self._snapshot(finish, by))

    async def _outlast(self, reading: Sequence[asyncio.Task[None]]) -> None:
        await asyncio.wait(reading)
        self.end(Finish.ENDED)

    async def _withdraw(self) -> None:
        """Nothing is shown, or read, that the asker may not see any more: a container may have another name now."""
        for tap in await self._rights.withdrawn(self._reading):
            tap.withdraw()
            self._reading.pop(tap).cancel()
            self._screen.forget(tap.standing.host, tap.standing.name)

    async def _show(self, placed: Callable[[], Awaitable[None]]) -> None:
        loop = asyncio.get_running_loop()
        rhythm = Rhythm(self.sink.pace, loop.time())
        wait, known = FIRST_LINES, False
        while not self._finish.done():
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._news.wait()
            async with self._showing:
                later = await self._show_once()
            if not known and self.sink.place is not None:
                await placed()
                known = True
            await asyncio.sleep(max(rhythm.pause(loop.time()), later))
            wait = self.sink.pace.refresh

    async def _show_once(self) -> float:
        """Seconds for which the chat wants to be left alone."""
        self._news.clear()
        snapshot = await self._snapshot()
        try:
            with self._around() if self._begun else nullcontext():
                await self.sink.show(snapshot)
        except NotDelivered as error:
            return error.after
        except MessageRefused as error:
            self._refusals += 1
            log.warning("what follow %d shows was refused: %s", self.number, error.detail)
            if self._refusals >= REFUSALS:
                self.end(Finish.UNSEEN)
        except (ChatClosed, MessageLost) as error:
            log.info("follow %d ends unseen: %s", self.number, error.detail)
            self.end(Finish.UNSEEN)
        else:
            self._begun = True
            self._came = self._fresh = self._refusals = 0
        return 0.0

    async def _snapshot(self, finish: Finish | None = None, by: str = "") -> Snapshot:
        await self._withdraw()
        gathered = await self._screen.gathered()
        self._came += gathered.came
        lines = sum(isinstance(row, ShownLine) for row in gathered.rows)
        self._fresh = min(self._fresh + gathered.fresh, lines)
        return Snapshot(
            number=self.number,
            token=self.token,
            standings=tuple(tap.standing for tap in self.taps),
            rows=gathered.rows,
            came=self._came,
            fresh=self._fresh,
            total=self._screen.total,
            matched=self._screen.matched,
            began=self._began,
            at=self._clock.now(),
            pattern=self._screen.pattern,
            missed=self._screen.has_missed,
            silent=self._ticket.silent,
            finish=finish,
            by=by,
        )
