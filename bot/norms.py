"""The settings of the team's standard: what was agreed to set apart from it."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, Field

from bot import values
from bot.blocks import Block
from bot.complaints import hint
from services.domain.standards import Exemption, Norms
from services.standards import composed
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


def _compose_file(path: Path) -> Path:
    try:
        composed.declared(path)
    except OSError as error:
        raise ValueError(f"cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise ValueError(f"is no compose file: {error}") from None
    return path


ComposeFile = Annotated[Path, AfterValidator(_compose_file)]


class StandardsBlock(Block):
    """weekly: whether the admins are told each Monday how the servers do. projects: of a host, the compose files that
    it runs; what runs there of these projects and is in none of them is left over."""

    exceptions: tuple[ExceptionBlock, ...] = ()
    weekly: bool = True
    projects: dict[str, tuple[ComposeFile, ...]] = Field(default_factory=dict)

    @property
    def norms(self) -> Norms:
        """The files as they are now."""
        exemptions = tuple(each.exemption for each in self.exceptions)
        return Norms(exemptions, {host: _declared(files) for host, files in self.projects.items()})


def _declared(files: tuple[Path, ...]) -> Mapping[str, frozenset[str]]:
    """Several files of one project are one."""
    found: dict[str, frozenset[str]] = {}
    for project, services in map(composed.declared, files):
        found[project] = found.get(project, frozenset()) | services
    return found
