"""What one container's facts tell: each fact begins a story, or continues the one that it belongs to. Pure."""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from services.domain.containers import Health
from services.domain.news import Deed, Fact, Story, What

# A signal and the death that it brings, a stop and the start that makes a restart of it.
SOON = timedelta(seconds=10)
# What comes later is told for itself, at its own time.
JOINED = timedelta(minutes=10)

ENDS = (What.STOPPED, What.KILLED, What.FELL, What.FINISHED)
# Stories that are looked through for the one that a fact continues: ever so many must not take ever so long.
_LOOKBACK = 50
# An engine may tell of a signal, or of memory that ran out, a moment after the death that it brought.
_BELATED = timedelta(seconds=1)
_CAUSES = (What.SIGNALLED, What.OUT_OF_MEMORY)
# The name that Compose gives to a container until the one that it replaces is gone.
_UNTIL_FREE = re.compile(r"[0-9a-f]{12}_(.+)")


class Thread:
    """The stories of one container so far, in the order in which they began. `facts` come in the order of time."""

    def __init__(self) -> None:
        self.stories: list[Story] = []

    def take(self, fact: Fact) -> None:
        match fact.deed:
            case Deed.CREATE:
                self._begin(What.CREATED, fact)
            case Deed.START:
                self._start(fact)
            case Deed.RESTART:
                self._restart(fact)
            case Deed.KILL | Deed.OOM if self._is_belated(fact):
                self._explain(fact)
            case Deed.KILL | Deed.OOM:
                self._begin(What.SIGNALLED if fact.deed is Deed.KILL else What.OUT_OF_MEMORY, fact)
            case Deed.DIE:
                self._die(fact)
            case Deed.STOP:
                self._stop(fact)
            case Deed.HEALTH:
                self._judge(fact)
            case Deed.PAUSE:
                self._begin(What.PAUSED, fact)
            case Deed.UNPAUSE:
                self._end(What.PAUSED, What.UNPAUSED, fact)
            case Deed.RENAME:
                self._rename(fact)
            case Deed.DESTROY:
                self._destroy(fact)

    def _begin(self, what: What, fact: Fact) -> None:
        self.stories.append(
            Story(
                what=what,
                name=fact.name,
                at=fact.at,
                first=fact.at,
                last=fact.at,
                container=fact.container,
                exit_code=fact.exit_code,
                signal=fact.signal,
                other=fact.old_name,
            )
        )

    def _latest(self, *whats: What) -> int | None:
        """The place of the newest story of these kinds, unless it is over."""
        for place in self._newest_first():
            story = self.stories[place]
            if story.what in whats:
                return None if story.back or story.ended or story.removed else place
        return None

    def _newest_first(self) -> range:
        return range(len(self.stories) - 1, max(len(self.stories) - _LOOKBACK, 0) - 1, -1)

    def _joins(self, place: int, fact: Fact) -> bool:
        """Whether the fact is near enough to be told with the story there."""
        story = self.stories[place]
        if fact.at - story.last > JOINED:
            return False
        self.stories[place] = replace(story, last=fact.at, name=fact.name)
        return True

    def _start(self, fact: Fact) -> None:
        if self._only_renamed():
            self.stories[0] = replace(self.stories[0], what=What.CREATED)
        place = self._latest(*ENDS, What.CREATED)
        joins = place is not None and self._joins(place, fact)
        if place is not None:
            self.stories[place] = replace(self.stories[place], back=fact.at)
        if not joins:
            self._begin(What.STARTED, fact)

    def _only_renamed(self) -> bool:
        """Before its first start it got a name that may be seen: for whoever asks, that is how it came to be."""
        if len(self.stories) != 1:
            return False
        return self.stories[0].what is What.RENAMED and not self.stories[0].other

    def _restart(self, fact: Fact) -> None:
        for place in self._newest_first():
            story = self.stories[place]
            if fact.at - story.last > SOON:
                break
            if story.what is What.STARTED or (story.back and story.what in (What.STOPPED, What.KILLED)):
                self.stories[place] = replace(story, what=What.RESTARTED, last=fact.at)
                return
            if story.what in ENDS:  # it was down before, and that is the story
                return
        self._begin(What.RESTARTED, fact)

    def _die(self, fact: Fact) -> None:
        causes = self._take_back(_CAUSES, fact.at - SOON)
        signals = [story for story in causes if story.what is What.SIGNALLED]
        oom = len(signals) < len(causes)
        for lasting in (What.UNHEALTHY, What.PAUSED):
            if (place := self._latest(lasting)) is not None:
                self.stories[place] = replace(self.stories[place], ended=fact.at)
        what = What.KILLED if signals else What.FINISHED if fact.exit_code == 0 and not oom else What.FELL
        self._begin(what, fact)
        self.stories[-1] = replace(self.stories[-1], oom=oom)
        self._asked_for(signals)

    def _is_belated(self, fact: Fact) -> bool:
        """Whether it is about the end that has just been told: what is dead gets no signals."""
        if not self.stories:
            return False
        story = self.stories[-1]
        return story.what in ENDS and not (story.back or story.removed) and fact.at - story.last <= _BELATED

    def _explain(self, fact: Fact) -> None:
        story = self.stories[-1]
        if fact.deed is Deed.OOM:
            what = What.FELL if story.what is What.FINISHED else story.what
            self.stories[-1] = replace(story, what=what, oom=True)
        elif story.what in (What.FELL, What.FINISHED):
            self.stories[-1] = replace(story, what=What.KILLED, signal=fact.signal)

    def _asked_for(self, signals: Sequence[Story]) -> None:
        """What the newest story tells was brought about by these signals, oldest first: it began with the first."""
        if signals:
            story = self.stories[-1]
            began, signal = signals[0].at, story.signal or signals[-1].signal
            self.stories[-1] = replace(story, at=began, first=began, signal=signal)

    def _stop(self, fact: Fact) -> None:
        place = self._latest(*ENDS)
        if place is None or fact.at - self.stories[place].last > SOON:
            if not self.stories:  # the rest is forgotten
                self._begin(What.STOPPED, fact)
            return
        end, *newer = self.stories[place:]
        del self.stories[place:]
        signals = self._take_back(
            (What.SIGNALLED,), fact.at - JOINED
        )  # it may have been given a minute to end
        self.stories.append(replace(end, what=What.STOPPED, last=fact.at))
        self._asked_for(signals)
        self.stories += newer

    def _take_back(self, whats: Collection[What], since: datetime) -> list[Story]:
        """The newest stories of these kinds, which belong to another one. Oldest first."""
        taken: list[Story] = []
        while self.stories and self.stories[-1].what in whats and self.stories[-1].at >= since:
            taken.append(self.stories.pop())
        return taken[::-1]

    def _judge(self, fact: Fact) -> None:
        if fact.health is Health.UNHEALTHY and self._latest(What.UNHEALTHY) is None:
            self._begin(What.UNHEALTHY, fact)
        if fact.health is Health.HEALTHY and not self._passes_first(fact):
            self._end(What.UNHEALTHY, What.HEALTHY, fact)

    def _passes_first(self, fact: Fact) -> bool:
        """Whether it is how a start ended that has been told."""
        if not self.stories:
            return False
        story = self.stories[-1]
        came_up = story.what in (What.STARTED, What.RESTARTED) or story.back is not None
        if not came_up or story.what is What.UNHEALTHY or story.healthy or not self._joins(-1, fact):
            return False
        self.stories[-1] = replace(self.stories[-1], healthy=fact.at)
        return True

    def _end(self, what: What, by: What, fact: Fact) -> None:
        """The story of `what` is over; where that is not known, or was long ago, `by` is told."""
        place = self._latest(what)
        if place is not None:
            joins, began = self._joins(place, fact), self.stories[place].at
            self.stories[place] = replace(self.stories[place], back=fact.at)
            if joins:
                return
        self._begin(by, fact)
        if place is not None:
            self.stories[-1] = replace(self.stories[-1], first=began)

    def _rename(self, fact: Fact) -> None:
        created = self._latest(What.CREATED)
        until_free = _UNTIL_FREE.fullmatch(fact.old_name)
        if created is not None and (not fact.old_name or (until_free and until_free[1] == fact.name)):
            self.stories[created] = replace(self.stories[created], name=fact.name)
        else:
            self._begin(What.RENAMED, fact)

    def _destroy(self, fact: Fact) -> None:
        place = self._latest(*ENDS, What.CREATED)
        if place is None:
            self._begin(What.REMOVED, fact)
            return
        joins, story = self._joins(place, fact), self.stories[place]
        if story.what is What.KILLED and fact.at - story.at <= SOON:  # `docker rm --force`
            self.stories[place] = replace(story, what=What.REMOVED, exit_code=None, last=fact.at)
            return
        self.stories[place] = replace(self.stories[place], removed=True)
        if not joins:
            self._begin(What.REMOVED, fact)
