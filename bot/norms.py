"""The settings of the team's standard: what was agreed to set apart from it."""

from datetime import date
from typing import Annotated

from pydantic import AfterValidator, Field

from bot import values
from bot.blocks import Block
from bot.complaints import hint
from services.domain.standards import Exemption
from services.standards.rules import ROWS

_RULES = tuple(row.id for row in ROWS)


def _rule(value: str) -> str:
    if value not in _RULES:
        raise ValueError(
            f"there is no rule {value!r}; {hint(value, _RULES) or 'they are ' + ', '.join(_RULES)}"
        )
    return value


def _subject(value: str) -> str:
    return values.globs((value,))[0]


class ExceptionBlock(Block):
    """A breach that is agreed to. subject: HOST/NAME, as globs; HOST/* of the engine. until: its last day."""

    rule: Annotated[str, AfterValidator(_rule)]
    subject: Annotated[str, AfterValidator(_subject)]
    reason: Annotated[str, Field(min_length=3, max_length=200)]
    until: date | None = None

    @property
    def exemption(self) -> Exemption:
        return Exemption(self.rule, self.subject, self.reason, self.until)


class StandardsBlock(Block):
    """weekly: whether the admins are told each Monday how the servers do."""

    exceptions: tuple[ExceptionBlock, ...] = ()
    weekly: bool = True
