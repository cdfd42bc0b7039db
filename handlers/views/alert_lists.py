"""What people ask about alerts: `/alerts`, `/ack` alone, `/why`."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from aiogram.utils.formatting import Bold, Text, TextLink
from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from handlers.callbacks import AlertPage
from handlers.links import Links
from handlers.views.alert_text import WORD, cut, plain
from handlers.views.answer import MESSAGE_UNITS, Answer, Row, units
from handlers.views.incident_buttons import ack
from handlers.views.incident_words import headline, number, what
from handlers.views.moments import moment
from handlers.views.paging import beside, to_page
from services.alerts.browse import OpenAlerts, Trace
from services.domain.alerts import Decision, Why
from services.domain.posts import Post, PostState, Shown

_PER_PAGE = 15
_BUTTONS = 20
_LINE = 220


def open_alerts(
    found: OpenAlerts, words: Sequence[str], asker: str, *, page: int = 0, links: Links | None = None
) -> Answer:
    """What fires, the worst first. `words`: what was asked for; such a list has one page, and says what is left.

    links: to each in private.
    """
    echo = " ".join(plain(word, WORD) for word in words[:5])
    if not found.shown:
        return Answer(Text(_nothing(found, echo)))
    pages = 1 if words else -(-len(found.shown) // _PER_PAGE)
    page = min(max(page, 0), pages - 1)
    rows = found.shown[page * _PER_PAGE : (page + 1) * _PER_PAGE]
    count = len(found.shown)
    first = ngettext("{count} incident", "{count} incidents", count).format(count=number(count))
    lines = [Text("\n\n", line) for line in _open_lines(rows, found.at, links)]
    rest = count - len(rows) if words else 0
    if rest > 0:
        more = ngettext("and {count} more", "and {count} more", rest)
        lines.append(Text("\n\n", more.format(count=number(rest))))
    title = Bold(f"🔥 {first}")
    return Answer(
        Text(title, f" · {echo}" if echo else "", *lines),
        (beside(page, pages, to_page(AlertPage(asker=asker))),) if pages > 1 else (),
    )


def _nothing(found: OpenAlerts, echo: str) -> str:
    if echo:
        return _("No alerts: {words}").format(words=echo)
    if found.quiet_since is None:
        return _("No alerts.")
    return _("No alerts. Quiet since {time}.").format(time=moment(found.quiet_since, found.at))


def _open_lines(rows: Sequence[Shown], at: datetime, links: Links | None) -> Iterator[Text]:
    for one in rows:
        parts = [_("since {time}").format(time=moment(one.incident.opened, at))]
        if one.incident.acks and not one.tally.uncovered:
            parts.append("👤 " + plain(one.incident.acks[-1].name, WORD))
        if one.incident.quiet and one.incident.quiet.until > at:
            until = _("until {time}").format(time=moment(one.incident.quiet.until, at))
            parts.append(f"🔕 {until}")
        first = cut(headline(one), _LINE - 60)
        linked = TextLink(first, url=links.incident(one.incident.id)) if links else first
        yield Text(linked, "\n", " · ".join(parts))


def waiting(found: OpenAlerts, name: str | None = None) -> Answer:
    """What nobody has, the oldest first, each with its button. `name`: what was asked for and did not fit just one."""
    if not found.shown:
        if name:
            return Answer(Text(_("No alert waits that is called {name}.").format(name=plain(name, WORD))))
        return Answer(Text(_("Nothing waits for anybody.")))
    count = len(found.shown)
    first = ngettext("{count} waits for somebody", "{count} wait for somebody", count)
    lines = [Text(Bold("⏳ ", first.format(count=number(count))))]
    rows: list[Row] = []
    for one in found.shown[:_BUTTONS]:
        about = what(one.alerts[0], 100) if one.alerts else "?"
        since = _("since {time}").format(time=moment(one.incident.opened, found.at))
        lines.append(Text("\n", cut(f"{about} · {since}", 160)))
        rows.append([ack(cut(f"👤 {about}", WORD), one, listed=True)])
    if count > _BUTTONS:
        more = ngettext("and {count} more", "and {count} more", count - _BUTTONS)
        lines.append(Text("\n", more.format(count=number(count - _BUTTONS))))
    return Answer(Text(*lines), tuple(rows))


def why_what() -> Answer:
    return Answer(Text(_("Which alert? /why NAME: its name, its container or host/container.")))


def why(traces: Sequence[Trace]) -> Answer:
    """For each alert the decisions about it, in order, and its messages."""
    pieces: list[Text] = []
    room = MESSAGE_UNITS - 100
    for trace in traces:
        symbol = "🔥" if trace.alert.firing else "✅"
        lines = [_decision(each) for each in trace.alert.trace] + [_post(each) for each in trace.posts[:10]]
        title = Bold(f"{symbol} {what(trace.alert)}")
        since = _("since {time}").format(time=moment(trace.alert.starts, trace.at))
        piece = Text(title, " · ", since, *(Text("\n", line) for line in lines))
        room -= units(piece.render()[0]) + 2
        if room < 0 and pieces:
            break
        pieces += [Text("\n\n"), piece] if pieces else [piece]
    return Answer(Text(*pieces))


def _decision(decision: Decision) -> str:
    sentence = why_sentences()[decision.why]
    detail = plain(decision.detail, 120)
    return f"· {sentence}: {detail}" if detail else f"· {sentence}"


def why_sentences() -> dict[Why, str]:
    return {
        Why.ON_CONTAINER: _("its labels name a host and a container"),
        Why.ON_HOST: _("its labels name a host"),
        Why.ON_NOTHING: _("no label names a host known here"),
        Why.AUDIBLE: _("nothing holds it back"),
        Why.CRITICAL: _("quiet hours do not hold back what is critical"),
        Why.QUIET_HOURS: _("held back by the quiet hours"),
        Why.SILENCED: _("held back by a silence"),
        Why.GROUPED: _("joined its group"),
        Why.NEW: _("new in its incident"),
        Why.RETRY: _("the same once more within a minute: nothing changes"),
        Why.REPEAT: _("the same again: counted"),
        Why.AGAIN: _("was resolved, fires again"),
        Why.RESOLVED: _("it is resolved"),
        Why.RESOLVED_UNSEEN: _("heard of only when it was over"),
        Why.ROUTED: _("goes to these chats"),
        Why.NO_ROUTE: _("no chat of the settings takes it"),
    }


def _post(post: Post) -> str:
    states = {
        PostState.PENDING: _("not sent yet"),
        PostState.SENT: _("sent"),
        PostState.EDITED: _("sent and edited since"),
        PostState.FAILED: _("refused by Telegram"),
        PostState.DEAD: _("the chat is closed to me"),
    }
    words = _("chat {chat}: {state}").format(chat=post.to.key, state=states[post.state])
    detail = plain(post.why, 120)
    return f"· {words} ({detail})" if detail else f"· {words}"
