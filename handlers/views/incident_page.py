"""One incident as somebody who asks for it sees it: its message as it would be now, with buttons for him."""

from aiogram.utils.i18n import gettext as _

from handlers.views.alerts import living
from handlers.views.answer import Answer, Row
from handlers.views.incident_buttons import ack, container_row, graph_row
from services.alerts.browse import OpenAlerts
from services.domain.access import Actor, Role
from services.domain.posts import Bulletin, Destination


def incident_page(found: OpenAlerts, actor: Actor) -> Answer:
    """It does not change with the incident, as the message in its chat does."""
    shown = found.shown[0]
    acts = actor.role >= Role.OPERATOR
    take: Row = [ack(_("Acknowledge"), shown, listed=True)] if acts and shown.tally.uncovered else []
    restarts = acts and shown.tally.firing
    container = container_row(shown.incident, *(("logs", "restart") if restarts else ("logs",)))
    text = living(Bulletin(Destination(actor.id), (shown,), found.at)).text
    return Answer(text, (take, [*container, *graph_row(shown)]))
