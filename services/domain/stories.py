"""All that an engine remembers → the stories that are worth telling, newest first. Pure.

What belongs to the life of a container (its networks and volumes come and go with it) is told with it, and what
repeats itself is told once.
"""

import re
from bisect import bisect_left
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from services.domain.news import Deed, Fact, History, Story, What
from services.domain.threads import JOINED, SOON, Thread

# From the end of a container to the start of the one that takes its place.
REPLACED = timedelta(minutes=2)
# Two of a kind that are further apart are two stories.
REPEATED = timedelta(hours=1)
# Old engines (20.10 does) report the volumes of a new container as created, at the same moment, though they are old.
_WITH_CONTAINER = timedelta(milliseconds=20)

_REPEATING = (What.FELL, What.FINISHED, What.UNHEALTHY, What.OUT_OF_MEMORY, What.SIGNALLED)
_ENDLESS = (What.OUT_OF_MEMORY, What.SIGNALLED)
_ORDERLY = (What.STOPPED, What.KILLED, What.FINISHED, What.REMOVED)
_SHORT_ID = 12
_ANONYMOUS = re.compile(r"[0-9a-f]{64}")
_OF_A_CONTAINER = {
    Deed.CONNECT: What.CONNECTED,
    Deed.DISCONNECT: What.DISCONNECTED,
    Deed.MOUNT: What.MOUNTED,
    Deed.UNMOUNT: What.UNMOUNTED,
}
_OF_A_THING = {
    Deed.NETWORK_CREATE: What.NETWORK_CREATED,
    Deed.NETWORK_DESTROY: What.NETWORK_REMOVED,
    Deed.VOLUME_CREATE: What.VOLUME_CREATED,
    Deed.VOLUME_DESTROY: What.VOLUME_REMOVED,
    Deed.PULL: What.PULLED,
    Deed.LOAD: What.LOADED,
    Deed.TAG: What.TAGGED,
    Deed.UNTAG: What.UNTAGGED,
    Deed.DELETE: What.DELETED,
    Deed.RELOAD: What.RELOADED,
}


def stories(history: History, names: Mapping[str, str]) -> tuple[Story, ...]:
    """Newest first. `names`: of containers by their ids; where one has none, the beginning of its id stands."""
    told = [*_of_containers(history.facts), *_of_things(history, names)]
    return tuple(sorted(told, key=lambda story: story.at, reverse=True))


def _of_containers(facts: Iterable[Fact]) -> list[Story]:
    threads: dict[str, Thread] = defaultdict(Thread)
    for fact in facts:
        if fact.deed.of_container:
            threads[fact.container].take(fact)
    told = [story for thread in threads.values() for story in _condensed(thread.stories)]
    return _with_successors(sorted(told, key=lambda story: story.at))


def _condensed(told: Iterable[Story]) -> Iterator[Story]:
    """Of one container: one for several of a kind, one for a start and the end that follows."""
    before: Story | None = None
    for story in told:
        if before and _repeats(before, story):
            before = replace(story, first=before.first, count=before.count + 1)
        elif before and _ran(before, story):
            began = before.back or before.at
            before = replace(story, what=What.RAN, at=before.at, first=began, ended=story.at)
        else:
            if before:
                yield before
            before = story
    if before:
        yield before


def _repeats(before: Story, story: Story) -> bool:
    alike = (before.what, before.name, before.exit_code, before.signal, before.oom) == (
        story.what, story.name, story.exit_code, story.signal, story.oom,
    )  # fmt: skip
    over = before.back is not None or story.what in _ENDLESS
    return alike and over and story.what in _REPEATING and story.at - before.at <= REPEATED


def _ran(before: Story, story: Story) -> bool:
    """A job: started, and finished by itself soon after."""
    started = before.what is What.STARTED or (before.what is What.CREATED and before.back is not None)
    soon = story.at - (before.back or before.at) <= JOINED
    return started and soon and story.what is What.FINISHED and story.back is None


def _with_successors(told: Sequence[Story]) -> list[Story]:
    """A container that is removed and made anew under its name, as Compose does it, is one story."""
    successors: dict[str, deque[Story]] = defaultdict(deque)
    for story in sorted(told, key=lambda story: story.back or story.at):
        if story.what is What.CREATED and story.back:
            successors[story.name].append(story)
    taken: set[int] = set()
    merged: list[Story] = []
    for story in told:
        if successor := _successor(story, successors.get(story.name, deque())):
            taken.add(id(successor))
            merged.append(_made_anew(story, successor))
        else:
            merged.append(story)
    return [story for story in merged if id(story) not in taken]


def _made_anew(story: Story, successor: Story) -> Story:
    return replace(successor, what=What.MADE_ANEW, at=story.at, first=story.at, exit_code=story.exit_code)


def _successor(story: Story, candidates: deque[Story]) -> Story | None:
    """The first one, if any, that ran soon after the end. Both come in the order of time: who is passed is past."""
    if story.what not in _ORDERLY or not (story.removed or story.what is What.REMOVED):
        return None
    while candidates and (candidates[0].back or candidates[0].at) < story.at:
        candidates.popleft()
    if not candidates or (candidates[0].back or candidates[0].at) - story.at > REPLACED:
        return None
    return candidates.popleft() if candidates[0].container != story.container else None


def _of_things(history: History, names: Mapping[str, str]) -> Iterator[Story]:
    """Of networks, volumes, images and the engine itself, as far as they are not routine."""
    routine = _Routine(history)
    tags: dict[str, list[str]] = defaultdict(list)
    for fact in history.facts:
        if fact.deed is Deed.TAG:
            tags[fact.id].append(fact.name)
        if fact.deed.of_container or routine.covers(fact):
            continue
        if what := _OF_A_CONTAINER.get(fact.deed):
            name = names.get(fact.container) or fact.container[:_SHORT_ID]
            yield Story(what, name, fact.at, fact.at, fact.at, fact.container, other=fact.name)
        else:
            yield Story(_OF_A_THING[fact.deed], _image_name(fact, tags[fact.id]), fact.at, fact.at, fact.at)


def _image_name(fact: Fact, tags: Sequence[str]) -> str:
    """Who takes a tag away, or the whole image, is told by its id; which tag it was, only if it had but one."""
    known = tags[-1:] if fact.deed is Deed.DELETE or (fact.deed is Deed.UNTAG and len(tags) == 1) else ()
    return known[0] if known else fact.name


class _Routine:
    """Which facts are but a part of something else that is told."""

    def __init__(self, history: History) -> None:
        self._oldest = history.oldest
        self._moments: dict[tuple[Deed, str], list[datetime]] = defaultdict(list)
        self._creations = [fact.at for fact in history.facts if fact.deed is Deed.CREATE]
        self._deletions = {fact.id: fact.at for fact in history.facts if fact.deed is Deed.DELETE}
        self._told: dict[tuple[Deed, str, str, str], datetime] = {}
        self._volumes: set[str] = set()  # that are known to be there
        for fact in history.facts:
            if fact.deed.of_container:
                self._moments[(fact.deed, fact.container)].append(fact.at)

    def covers(self, fact: Fact) -> bool:
        """To be asked once for each fact, in the order of time."""
        if self._is_echo(fact):
            return True
        match fact.deed:
            case Deed.CONNECT | Deed.DISCONNECT:
                return self._is_life(fact)
            case Deed.VOLUME_CREATE | Deed.VOLUME_DESTROY | Deed.MOUNT | Deed.UNMOUNT:
                return self._is_routine_of_volumes(fact)
            case Deed.UNTAG:
                deleted = self._deletions.get(fact.id)
                return deleted is not None and timedelta() <= deleted - fact.at <= SOON
            case _:
                return False

    def _is_life(self, fact: Fact) -> bool:
        """What a container is given just before it starts, and loses when it ends, which memory may have forgotten."""
        soon, just_now = fact.at + SOON, fact.at - SOON
        if self._near(fact, Deed.CREATE, just_now, fact.at):
            return True
        if fact.deed in (Deed.CONNECT, Deed.MOUNT):
            return self._near(fact, Deed.START, fact.at, soon)
        forgotten = self._oldest is not None and self._oldest >= just_now
        return forgotten or self._near(fact, Deed.DIE, just_now, soon)

    def _near(self, fact: Fact, deed: Deed, first: datetime, last: datetime) -> bool:
        return _any_within(self._moments.get((deed, fact.container), ()), first, last)

    def _is_routine_of_volumes(self, fact: Fact) -> bool:
        known = fact.id in self._volumes
        if fact.deed is Deed.VOLUME_DESTROY:
            self._volumes.discard(fact.id)
        else:
            self._volumes.add(fact.id)
        if _ANONYMOUS.fullmatch(fact.name):
            return True
        if fact.deed is Deed.VOLUME_CREATE:
            return known or _any_within(self._creations, fact.at, fact.at + _WITH_CONTAINER)
        return fact.deed is not Deed.VOLUME_DESTROY and self._is_life(fact)

    def _is_echo(self, fact: Fact) -> bool:
        """Engines report some things twice."""
        key = (fact.deed, fact.id, fact.container, fact.name)
        before = self._told.get(key)
        self._told[key] = fact.at
        return before is not None and fact.at - before <= SOON


def _any_within(moments: Sequence[datetime], first: datetime, last: datetime) -> bool:
    """`moments` are in order."""
    place = bisect_left(moments, first)
    return place < len(moments) and moments[place] <= last
