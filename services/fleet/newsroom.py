"""`/events`: what all engines remember of a time, narrowed to what one person may see."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from services.domain.access import Actor, Scope
from services.domain.news import Fact, History, HostNews, NewsReport, Story
from services.domain.reports import HostReport
from services.domain.spans import TimeSpan
from services.domain.stories import stories
from services.errors import HostError
from services.fleet import names
from services.fleet.fleet import Fleet

# Together with the list, which is asked for meanwhile, under two seconds: what a silent host may cost an answer.
HISTORY_DEADLINE = 1.4


async def tell_news(
    fleet: Fleet, host: str | None, span: TimeSpan, *, by: Actor, now: datetime
) -> NewsReport:
    """What happened in `span`: to containers in scope, and where the whole host is in it, to all else.

    host: as it was typed; None: all. Raises NoSuchHost.
    """
    exact = names.exact_host(host, fleet.hosts) if host else None
    # A host out of sight is not told apart from one that is not there, not even by the time it takes.
    only = exact if exact and by.scope.covers_host(exact) else None
    wanted = (only,) if only else fleet.hosts
    report, answers = await asyncio.gather(
        fleet.overview(by=by, host=only), asyncio.gather(*(_history(fleet, each, now) for each in wanted))
    )
    listed = {each.host: each for each in report.hosts}
    told = [
        _host_news(each, answer, listed.get(each), span, by.scope)
        for each, answer in zip(wanted, answers, strict=True)
    ]
    visible = [news for news in told if news]
    if host:
        meant = names.resolve_host(host, [news.host for news in visible])
        return NewsReport(tuple(news for news in visible if news.host == meant), span, now, meant)
    visible.sort(key=lambda news: (news.error is None, -len(news.troubled)))
    return NewsReport(tuple(visible), span, now)


async def _history(fleet: Fleet, host: str, now: datetime) -> History | HostError:
    """All that is remembered: what began before the time asked for may have ended in it."""
    try:
        return await fleet.engine(host).history(since=None, until=now, deadline=HISTORY_DEADLINE)
    except HostError as error:
        return error


def _host_news(
    host: str, answer: History | HostError, listed: HostReport | None, span: TimeSpan, scope: Scope
) -> HostNews | None:
    """None for a host of which nothing is in scope, dead or alive."""
    if isinstance(answer, HostError):
        return HostNews(host, error=listed.silence or answer) if listed else None
    known = {row.container.id: row.container.name for row in listed.containers} if listed else {}
    facts = tuple(_visible(answer.facts, host, scope, known))
    if listed is None and not facts:
        return None
    whole = scope.covers_host(host)
    oldest = answer.oldest if whole else min((fact.at for fact in facts), default=None)
    told = stories(History(facts, oldest), known)
    return HostNews(
        host,
        stories=tuple(story for story in told if _within(story, span)),
        before=next((story for story in told if span.since and story.last < span.since), None),
        oldest=oldest if whole else None,
        in_part=not whole,
    )


def _within(story: Story, span: TimeSpan) -> bool:
    return (span.since is None or story.last >= span.since) and (span.until is None or story.at <= span.until)


def _visible(facts: Sequence[Fact], host: str, scope: Scope, known: dict[str, str]) -> Iterator[Fact]:
    """Those in scope, without names that are not; adds to `known` the names of containers by their ids."""
    whole = scope.covers_host(host)
    narrowed = [_narrowed(fact, host, scope) if fact.deed.of_container else fact for fact in facts]
    known |= {fact.container: fact.name for fact in narrowed if fact and fact.deed.of_container}
    for fact in narrowed:
        if fact and (whole or fact.container in known):
            yield fact


def _narrowed(fact: Fact, host: str, scope: Scope) -> Fact | None:
    old_name = fact.old_name if scope.covers(host, fact.old_name) else ""
    if scope.covers(host, fact.name):
        return replace(fact, old_name=old_name)
    # Its new name is not for these eyes, that it has one is.
    return replace(fact, name=old_name, old_name="") if old_name else None
