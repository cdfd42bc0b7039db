"""Why a pattern is not understood, in the words of somebody who searches, not of a compiler."""

from aiogram.utils.i18n import gettext as _

from services.errors import Fault, PatternRefused
from services.logs.patterns import MOST_CHARACTERS


def pattern_words(error: PatternRefused) -> str:
    """A sentence; what to try instead, `error.plainer`, is left to the caller."""
    if error.fault is Fault.EMPTY:
        return _('Nothing to search for. E.g. /grep timeout, or /grep "connection refused" n8n 2h')
    if error.fault is Fault.TOO_LONG:
        return _("This pattern is too long: {most} characters at most.").format(most=MOST_CHARACTERS)
    why = _why(error).format(part=error.part, place=error.place)
    return _("Pattern not understood: {why}").format(why=why)


def _why(error: PatternRefused) -> str:  # noqa: PLR0912  (one row each)
    match error.fault:
        case Fault.LOOK_AHEAD:
            return _('look-ahead "{part}" is not supported.')
        case Fault.LOOK_BEHIND:
            return _('look-behind "{part}" is not supported.')
        case Fault.NOT_AHEAD | Fault.NOT_BEHIND:
            return _(
                '"{part}", what must not stand there, is not supported. With -v lines without a word are found.'
            )
        case Fault.BACKREFERENCE:
            return _('a reference back to a group, "{part}", is not supported. Write the word out.')
        case Fault.ATOMIC:
            return _('an atomic group "{part}" is not supported.')
        case Fault.POSSESSIVE:
            return _('a possessive "{part}" is not supported.')
        case Fault.GROUP:
            return _('"{part}" at {place} is not supported. The brackets themselves are \\( and \\).')
        case Fault.ESCAPE:
            return _('"{part}" at {place} is not known.')
        case Fault.NOT_CLOSED:
            return _('the bracket "{part}" at {place} is never closed. The sign itself is \\{part}')
        case Fault.NOT_OPENED:
            return _('the bracket "{part}" at {place} was never opened. The sign itself is \\{part}')
        case Fault.NOTHING_TO_REPEAT:
            return _('before "{part}" at {place} there is nothing to repeat. The sign itself is \\{part}')
        case Fault.REPEATED_TWICE:
            return _('"{part}" at {place} repeats twice.')
        case Fault.REPEATED_TOO_OFTEN:
            return _('"{part}" at {place} repeats too often: 1000 times at most, nested ones multiply.')
        case Fault.RANGE:
            return _('"{part}" at {place} is no range of characters.')
        case Fault.TRAILING_BACKSLASH:
            return _("a backslash stands at its end. The sign itself is \\\\")
        case Fault.TOO_LARGE:
            return _("it would take too much memory. Repeat less.")
        case _:
            return _("it has a mistake.")
