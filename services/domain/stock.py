"""What an engine keeps on its disk, and what of it could go."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.domain.plans import Place


class Kind(StrEnum):
    """IMAGES: those that no name leads to and no container is made of. UNUSED: with names, of which no container is
    made. VOLUMES: those without a name of their own that no container has. CONTAINERS: those that do not run."""

    IMAGES = "images"
    CACHE = "cache"
    VOLUMES = "volumes"
    UNUSED = "unused"
    CONTAINERS = "containers"


# What goes unless somebody asks for more: it can all be had again.
USUAL = (Kind.IMAGES, Kind.CACHE)


@dataclass(frozen=True, slots=True)
class Image:
    """size: bytes, layers that it shares with others included. used: by how many containers."""

    id: str
    tags: tuple[str, ...]
    created: datetime
    size: int
    used: int


@dataclass(frozen=True, slots=True)
class Volume:
    """size: bytes, None where it was not measured. protected: by its label or the settings."""

    name: str
    used: int
    size: int | None = None
    anonymous: bool = False
    protected: bool = False


@dataclass(frozen=True, slots=True)
class Idle:
    """A container that does not run. written: bytes that it holds beside its image."""

    id: str
    name: str
    image: str
    written: int
    protected: bool = False


@dataclass(frozen=True, slots=True)
class Cached:
    """One record of the build cache."""

    id: str
    words: str
    size: int
    used: bool


@dataclass(frozen=True, slots=True)
class Stock:
    """Of one host. layers: bytes of all images together, what they share counted once; containers: how many there are,
    running: of them, written: what they hold beside their images."""

    host: str
    at: datetime
    layers: int
    images: tuple[Image, ...]
    volumes: tuple[Volume, ...]
    idle: tuple[Idle, ...]
    cache: tuple[Cached, ...]
    containers: int
    running: int
    written: int


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that would go. names: of an image, which goes with the last of them; others go by their id."""

    kind: Kind
    id: str
    name: str
    size: int | None
    names: tuple[str, ...] = ()

    @property
    def handles(self) -> tuple[str, ...]:
        """What the engine is told to remove, one after another. It refuses an image's id where that has two names."""
        return self.names or (self.id,)


def clearable(stock: Stock, kinds: Sequence[Kind]) -> tuple[Item, ...]:
    """Nothing that is in use or protected, the largest first within each kind. Containers go before what they use."""
    found: list[Item] = []
    if Kind.CONTAINERS in kinds:
        found += [
            Item(Kind.CONTAINERS, each.id, each.name, each.written)
            for each in stock.idle
            if not each.protected
        ]
    for kind in (Kind.IMAGES, Kind.UNUSED):
        if kind in kinds:
            found += [
                Item(
                    kind,
                    each.id,
                    ", ".join(each.tags) or each.id.removeprefix("sha256:")[:12],
                    each.size,
                    each.tags,
                )
                for each in stock.images
                if not each.used and bool(each.tags) is (kind is Kind.UNUSED)
            ]
    if Kind.VOLUMES in kinds:
        found += [
            Item(Kind.VOLUMES, each.name, each.name[:12], each.size)
            for each in stock.volumes
            if each.anonymous and not each.used and not each.protected
        ]
    if Kind.CACHE in kinds:
        found += [Item(Kind.CACHE, each.id, each.words, each.size) for each in stock.cache if not each.used]
    order = list(Kind)
    first = {Kind.CONTAINERS: -1}
    return tuple(
        sorted(found, key=lambda item: (first.get(item.kind, order.index(item.kind)), -(item.size or 0)))
    )


@dataclass(frozen=True, slots=True)
class Clearing:
    """What a person has been shown and may confirm, once, within two minutes."""

    token: str
    host: str
    items: tuple[Item, ...]
    asker: int
    asker_name: str
    asked: datetime
    kinds: tuple[Kind, ...] = USUAL


class Fate(StrEnum):
    """REFUSED: it came into use meanwhile, or is gone. UNKNOWN: contact was lost while it was being removed."""

    REMOVED = "removed"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    UNTRIED = "untried"


@dataclass(frozen=True, slots=True)
class BegunClearing:
    """One that has been begun and whose end has not been told yet.

    place: of the message that tells how far it is. fates: how it ended, empty before its end.
    """

    clearing: Clearing
    place: Place
    fates: tuple[Fate, ...] = ()


@dataclass(frozen=True, slots=True)
class Remains:
    """Of one that was cut off by an end of the bot: what could still go. failure: why that is not known."""

    clearing: Clearing
    at: datetime
    items: tuple[Item, ...]
    failure: Exception | None = None


@dataclass(frozen=True, slots=True)
class Cleared:
    """How far a clearing has come; `fates` are of its items, in their order. over: nothing more happens.

    freed: bytes of what was removed, as they were announced.
    """

    clearing: Clearing
    fates: tuple[Fate, ...]
    at: datetime
    over: bool = False
    failure: Exception | None = None

    @property
    def freed(self) -> int:
        rows = zip(self.clearing.items, self.fates, strict=True)
        return sum(item.size or 0 for item, fate in rows if fate is Fate.REMOVED)

    def count(self, fate: Fate) -> int:
        return sum(each is fate for each in self.fates)
