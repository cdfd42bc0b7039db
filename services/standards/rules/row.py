"""What a rule is."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.domain.standards import About, Weight
from services.standards.facts import Scene


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a subject breaks the rule: `facts` and `mend` as in `Breach`. weight: None for the rule's own."""

    facts: Mapping[str, str] = field(default_factory=dict)
    mend: str = ""
    weight: Weight | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """check: one subject of the kind that the rule is about, in its scene; None where it keeps the rule."""

    id: str
    weight: Weight
    check: Callable[[Any, Scene], Fault | None]
    about: About = About.CONTAINER
