"""Pages of logs: the newest lines, those before a page and those behind it, clean and redacted."""

import asyncio
from dataclasses import replace
from functools import partial

from services.domain.access import Actor
from services.domain.containers import Container, ContainerKey, Details
from services.domain.reports import Selection
from services.domain.spans import TimeSpan
from services.errors import LogsUnreadable, NoSuchContainer, NotUnderstood, VakhtaError
from services.fleet.fleet import DETAILS_DEADLINE, Fleet
from services.logs.pages.bookmarks import Bookmarks
from services.logs.pages.gathering import gather_newest, newest_order, parted, present
from services.logs.pages.guesses import Guesses, is_meant, means_alone
from services.logs.pages.making import MOST_BYTES, READ_DEADLINE, SPARE, PageMaking, Wanted
from services.logs.pages.page import LogPage, Look
from services.logs.pages.questions import ALL, ALWAYS, NOWHERE, Bookmark, LogQuestion
from services.logs.pages.restarts import latest_restart
from services.logs.pages.strands import BackwardStrand, Room
from services.logs.stream.source import LogSource
from services.logs.stream.windows import Mark
from services.logs.text.presenter import Presenter
from services.outcomes import settled, value_of
from services.ports import Clock, Engine

# Pages that are read and cleaned at a time; each may hold some ten times MOST_BYTES while it is cleaned.
MOST_PAGES = 2


class LogReader:
    """Reading is a viewer's right on whatever is in scope; the fleet sees to the scope.

    All pages raise what `Fleet.select` and `Fleet.find` raise. Of a single container also HostError, and
    LogsUnreadable; of several the page says which could not be read. A token is a page's: where one is asked for,
    Forgotten and StoreUnavailable are raised as well.
    """

    def __init__(
        self,
        fleet: Fleet,
        presenter: Presenter,
        bookmarks: Bookmarks,
        clock: Clock,
        *,
        dozzle: str | None = None,
    ) -> None:
        """`dozzle`: its address."""
        self._fleet, self._presenter, self._bookmarks, self._dozzle = fleet, presenter, bookmarks, dozzle
        self._guesses = Guesses()
        self._making = PageMaking(fleet, presenter, bookmarks, clock)
        self._pages = asyncio.Semaphore(MOST_PAGES)
        self._looks = asyncio.Semaphore(MOST_PAGES)  # nobody's long look holds up others' pages
        self._excerpts = asyncio.Semaphore(MOST_PAGES)  # nor an alert's evidence

    async def newest(self, question: LogQuestion, *, by: Actor, look: Look | None = None) -> LogPage:
        """Exactly the newest `question.lines` lines that count, within the span."""
        newest = question.span.until is None
        wanted = Wanted(question, Selection(()), question.lines, look=look or Look(), newest=newest)
        guess = self._guesses.of(question.names, by)
        if guess is None:
            return self._linked(await self._found(wanted, by))
        if means_alone(question.names, guess):
            page = await self._known(wanted, guess)
            return self._linked(page or await self._found(wanted, by))
        return self._linked(await self._guessed(wanted, guess, by))

    async def _found(self, wanted: Wanted, by: Actor) -> LogPage:
        """First it is found out which container is meant, or which ones."""
        selection, question = await self._select(wanted.question, by)
        self._guesses.learn(wanted.question.names, by, selection)
        return await self._read(replace(wanted, question=question, selection=selection))

    async def _guessed(self, wanted: Wanted, guess: Container, by: Actor) -> LogPage:
        """Meanwhile the log of what was meant the last time is read."""
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(settled(partial(self._read, _of_one(wanted, guess))))
            meant = await settled(partial(self._select, wanted.question, by))
            right = not isinstance(meant, VakhtaError) and is_meant(guess, meant[0])
            if not right:
                reading.cancel()
        selection, question = value_of(meant)
        if right:
            return value_of(reading.result())
        self._guesses.learn(wanted.question.names, by, selection)
        return await self._read(replace(wanted, question=question, selection=selection))

    async def _known(self, wanted: Wanted, guess: Container) -> LogPage | None:
        """Nothing else can be meant, if it is still there under its name: None where it is not."""
        engine = self._fleet.engine(guess.host)
        async with asyncio.TaskGroup() as group:
            inspect = partial(engine.inspect, guess.id, deadline=DETAILS_DEADLINE)
            inspecting = group.create_task(settled(inspect))
            ahead = replace(_of_one(wanted, guess), inspecting={guess.id: inspecting})
            reading = group.create_task(settled(partial(self._read, ahead)))
            details = await inspecting
            right = isinstance(details, Details) and details.name == guess.name
            if not right:
                reading.cancel()
        return value_of(reading.result()) if right else None

    async def asked(self, token: str) -> LogQuestion:
        """What the page was an answer to."""
        return (await self._bookmarks.of(token)).question

    async def older(self, token: str, *, by: Actor, look: Look | None = None) -> LogPage:
        """What lies before a page, whatever span it was of."""
        bookmark, selection = await self._marked(token, by)
        places = bookmark.places_of(each.id for each in selection.containers)
        starts = {place.container: place.older for place in places}
        kept = tuple(
            place if place.older else replace(NOWHERE, container=place.container) for place in places
        )
        question = bookmark.question
        return await self._backwards(
            Wanted(question, selection, question.step, starts=starts, kept=kept, look=look or Look())
        )

    async def newer(self, token: str, *, by: Actor) -> LogPage:
        """What lies behind a page: the oldest of it. No lines: nothing does yet."""
        bookmark, selection = await self._marked(token, by)
        places = bookmark.places_of(each.id for each in selection.containers)
        wanted = Wanted(bookmark.question, selection, bookmark.question.step, kept=places)
        async with self._turn(bookmark.question):
            page = await self._making.onward(wanted)
        return self._linked(page)

    async def again(
        self, token: str, lines: int | None = None, *, by: Actor, look: Look | None = None
    ) -> LogPage:
        """A page as it was; or the newest `lines` of what ends where it did."""
        bookmark, selection = await self._marked(token, by)
        question = bookmark.question
        if lines is not None:
            question = replace(question, lines=lines, step=lines)
        places = bookmark.places_of(each.id for each in selection.containers)
        wanted = Wanted(
            question,
            selection,
            lines or max(bookmark.lines, 1),
            starts={place.container: Mark(1, place.youngest) for place in places},
            kept=places,
            look=look or Look(),
            newest=bookmark.newest,
        )
        return await self._backwards(wanted)

    async def before_restart(self, token: str, *, by: Actor) -> LogPage:
        """The end of what a page's one container wrote before its latest start, however long ago."""
        bookmark, selection = await self._marked(token, by)
        question = replace(bookmark.question, sieve=ALL)
        container = selection.containers[0]
        details = await self._fleet.engine(container.host).inspect(container.id)
        restart = latest_restart(container, details)
        span = TimeSpan(until=restart.seam if restart else details.started)
        return await self._backwards(Wanted(replace(question, span=span), selection, question.step))

    async def excerpt(self, engine: Engine, details: Details, lines: int) -> tuple[str, ...]:
        """The newest `lines` lines for nobody in particular: who may see them is decided where they are shown.

        Nothing where the log cannot be read back. Raises HostError.
        """
        try:
            source = LogSource.of(engine, "", details)
        except LogsUnreadable:
            return ()
        strand = BackwardStrand(source, ALL, self._presenter, Room(lines, MOST_BYTES))
        async with self._excerpts:
            await gather_newest(
                [strand],
                lines,
                first=lines + SPARE,
                deadline=READ_DEADLINE,
                seconds=READ_DEADLINE,
                look=Look(),
            )
            if strand.error:
                raise strand.error
            order = newest_order([strand], lines)
            parts = parted([strand], order)
            shown, _withheld = await present([strand], parts, order, self._presenter)
        return tuple(line.text for line in shown)

    async def _backwards(self, wanted: Wanted) -> LogPage:
        return self._linked(await self._read(wanted))

    async def _read(self, wanted: Wanted) -> LogPage:
        async with self._turn(wanted.question):
            return await self._making.backwards(wanted)

    def _linked(self, page: LogPage) -> LogPage:
        if not self._dozzle or len(page.containers) != 1:
            return page
        # As Dozzle names it, 8 and later at least.
        return replace(page, link=f"{self._dozzle.rstrip('/')}/container/{page.containers[0].id[:12]}")

    def _turn(self, question: LogQuestion) -> asyncio.Semaphore:
        long = question.sieve != ALL or question.span != ALWAYS
        return self._looks if long else self._pages

    async def _marked(self, token: str, by: Actor) -> tuple[Bookmark, Selection]:
        """The bookmark, its question freed of the stretch of time."""
        bookmark = await self._bookmarks.of(token)
        try:
            selection, question = await self._select(replace(bookmark.question, span=ALWAYS), by)
        except NoSuchContainer as error:  # whoever presses has not typed the name
            raise NoSuchContainer("") from error
        return replace(bookmark, question=question), selection

    async def _select(self, question: LogQuestion, by: Actor) -> tuple[Selection, LogQuestion]:
        """The containers, and the question with names that mean them again."""
        if isinstance(question.names, ContainerKey):
            selection = await self._fleet.select(question.names, by=by)
        else:
            names = (*question.names, *question.doubtful)
            try:  # the doubtful first: one that is no name is what was mistyped
                selection = await self._fleet.select((*question.doubtful, *question.names), by=by)
            except NoSuchContainer as error:
                if error.name in question.doubtful and not (error.near or error.silent):
                    raise NotUnderstood(error.name) from error
                raise
            question = replace(question, names=names, doubtful=())
            if any(sign in name for name in names for sign in "*?["):  # tomorrow it may mean others
                return selection, question
        if len(selection.containers) == 1 and not selection.silent:
            question = replace(question, names=(selection.containers[0].full_name,))
        return selection, question


def _of_one(wanted: Wanted, container: Container) -> Wanted:
    question = replace(wanted.question, names=(container.full_name,), doubtful=())
    return replace(wanted, question=question, selection=Selection((container,)))
