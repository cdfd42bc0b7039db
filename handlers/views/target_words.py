"""Why something is not checked, or not there to be asked about, in words."""

from collections.abc import Sequence

from aiogram.utils.i18n import gettext as _

from handlers.outside_callbacks import TrafficTurn
from handlers.views.alert_text import WORD, inert, one_line
from handlers.views.answer import Row, button, in_pairs
from services.domain.traffic import word_key
from services.errors import NoDomain, NoSuchDomain, NoSuchService, TargetRefused
from services.outside.targets import Oddity

_LONGEST_ECHO = 64


def service_choice(names: Sequence[str], asker: str) -> tuple[Row, ...]:
    """The traffic of those that may have been meant, and of all."""
    near = [button(one_line(name, WORD), TrafficTurn(asker=asker, key=word_key(name))) for name in names]
    return (*in_pairs(near), [button("‹ " + _("All services"), TrafficTurn(asker=asker))])


def target_words(error: NoSuchDomain | NoSuchService | NoDomain | TargetRefused) -> str:
    match error:
        case NoSuchDomain(name="") | NoSuchService(name=""):
            return _("It is not there any more.")
        case NoSuchDomain(name=name, near=near):
            words = _('No domain "{name}" here.').format(name=_echo(name))
            return words + " " + _("Did you mean:") if near else words
        case NoSuchService(name=name, near=near):
            words = _('No service "{name}" behind Traefik.').format(name=_echo(name))
            return words + " " + _("Did you mean:") + " " + ", ".join(map(inert, near)) if near else words
        case NoDomain(name=name):
            return _("No domain leads to {name}.").format(name=name)
    return _refused(error)


def _refused(error: TargetRefused) -> str:
    text = _echo(error.text)
    match error.oddity:
        case Oddity.SCHEME:
            return _("Only http:// and https:// are checked, not {text}").format(text=text)
        case Oddity.LOGIN:
            return _("An address with a login is not checked: leave out what stands before @{text}").format(
                text=text
            )
        case Oddity.PORT:
            return _("Port {text} is not checked: only 80, 443, and 1024 to 65535.").format(text=text)
        case Oddity.NUMBER:
            words = _('"{text}" is no IP address as everybody writes it, such as 203.0.113.2')
            return words.format(text=text)
        case Oddity.SIGNS:
            return _("Blanks, backslashes and invisible signs are not part of an address.")
        case Oddity.TOO_LONG:
            return _("This address is too long.")
    return _('"{text}" is no address, such as https://dir.example.org').format(text=text)


def _echo(text: str) -> str:
    return inert(text if len(text) <= _LONGEST_ECHO else text[:_LONGEST_ECHO] + "…")
