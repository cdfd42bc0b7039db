"""What an engine keeps on its disk: images, volumes and records of the build cache, and who may remove them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from playground.engine.clock import Clock
from playground.engine.container import Container, identity
from playground.engine.events import Event, Events
from playground.engine.load import MIB
from playground.engine.refusal import Refused
from playground.engine.spec import Spec

_UNNAMED = "sha256:"


@dataclass(frozen=True, slots=True)
class Image:
    """id: with `sha256:`. names: with their tags. created: ns since 1970. size: bytes.

    base: what it is built upon, if that is shared with others; shared: how many bytes of its size that is.
    """

    id: str
    names: tuple[str, ...]
    created: int
    size: int
    base: str = ""
    shared: int = 0


@dataclass(frozen=True, slots=True)
class Volume:
    """created: ns since 1970. size: bytes."""

    name: str
    created: int
    size: int = 0
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cached:
    """A record of the build cache. created: ns since 1970. size: bytes."""

    id: str
    words: str
    created: int
    size: int


class Disk:
    """Of one host. containers: all that are there."""

    def __init__(self, clock: Clock, events: Events, containers: Collection[Container]) -> None:
        self._clock, self._events, self._containers = clock, events, containers
        self._images: dict[str, Image] = {}
        self._by_name: dict[str, str] = {}
        self._volumes: dict[str, Volume] = {}
        self._cache: dict[str, Cached] = {}

    def keep(self, *things: Image | Volume | Cached) -> None:
        for thing in things:
            match thing:
                case Image():
                    self._images[thing.id] = thing
                    self._by_name |= dict.fromkeys(thing.names, thing.id)
                case Volume():
                    self._volumes[thing.name] = thing
                case Cached():
                    self._cache[thing.id] = thing

    def serve(self, spec: Spec, at: int) -> str:
        """The id of the image for a new container. Whatever it needs and is not there is there from now on."""
        for name in spec.volumes:
            if name not in self._volumes:
                self.keep(Volume(name, at))
        if spec.image in self._by_name:
            return self._by_name[spec.image]
        if spec.image in self._images:
            return spec.image
        digits = identity("image", spec.image)
        self.keep(Image(_UNNAMED + digits, (spec.image,), at, (40 + int(digits[:2], 16)) * MIB))
        return _UNNAMED + digits

    @property
    def images(self) -> Sequence[Image]:
        """The newest first."""
        return sorted(self._images.values(), key=lambda image: (-image.created, image.id))

    @property
    def volumes(self) -> Sequence[Volume]:
        return list(self._volumes.values())

    @property
    def cache(self) -> Sequence[Cached]:
        return list(self._cache.values())

    @property
    def layers(self) -> int:
        """Bytes of all images together; what they share is there once."""
        bases = {image.base: image.shared for image in self._images.values()}
        return sum(image.size - image.shared for image in self._images.values()) + sum(bases.values())

    def made_of(self, image: Image) -> list[Container]:
        return [each for each in self._containers if each.image == image.id]

    def using(self, volume: Volume) -> list[Container]:
        return [each for each in self._containers if volume.name in each.spec.volumes]

    def image(self, reference: str) -> Image:
        """By a name, its id or the beginning of that. Raises Refused."""
        return self._find(reference)[0]

    def remove_image(self, reference: str) -> list[dict[str, str]]:
        """By a name, its id or the beginning of that, and without force. What became of it, as the engine has it."""
        image, name = self._find(reference)
        users = self.made_of(image)
        if name and len(image.names) == 1 and users:
            words = (
                f'unable to remove repository reference "{name}" (must force) - container {users[0].id[:12]} '
                f"is using its referenced image {_short(image)}"
            )
            raise Refused(409, f"conflict: {words}")
        if not name:
            self._check_free(image, users)
        gone = [name] if name else list(image.names)
        for each in gone:
            del self._by_name[each]
            self._tell("image", "untag", image.id, name=image.id)
        rows = [{"Untagged": each} for each in gone]
        if left := tuple(each for each in image.names if each not in gone):
            self._images[image.id] = replace(image, names=left)
            return rows
        del self._images[image.id]
        self._tell("image", "delete", image.id, name=image.id)
        return [*rows, {"Deleted": image.id}]

    def _find(self, reference: str) -> tuple[Image, str]:
        """With the name that it goes by; none where that is its id. Raises Refused."""
        name = reference if ":" in reference.rpartition("/")[2] else f"{reference}:latest"
        if name in self._by_name:
            return self._images[self._by_name[name]], name
        digits = reference.removeprefix(_UNNAMED)
        for image in self._images.values():
            if digits and image.id.startswith(_UNNAMED + digits):
                return image, ""
        raise Refused(404, f"No such image: {name}")

    def _check_free(self, image: Image, users: Sequence[Container]) -> None:
        """For its removal by its id."""
        words = ""
        running = [each for each in users if each.alive]
        if running:
            words = f"(cannot be forced) - image is being used by running container {running[0].id[:12]}"
        elif len({name.rpartition(":")[0] for name in image.names}) > 1:
            words = "(must be forced) - image is referenced in multiple repositories"
        elif users:
            words = f"(must be forced) - image is being used by stopped container {users[0].id[:12]}"
        if words:
            raise Refused(409, f"conflict: unable to delete {_short(image)} {words}")

    def remove_volume(self, name: str) -> None:
        """Raises Refused."""
        volume = self._volumes.get(name)
        if volume is None:
            raise Refused(404, f"get {name}: no such volume")
        if users := self.using(volume):
            held = ", ".join(each.id for each in users)
            raise Refused(409, f"remove {name}: volume is in use - [{held}]")
        del self._volumes[name]
        self._tell("volume", "destroy", name, driver="local")

    def clear_cache(self, wanted: Sequence[str] | None) -> list[Cached]:
        """Those that begin with these ids, None for all. What went."""
        gone = [each for each in self._cache.values() if wanted is None or each.id.startswith(tuple(wanted))]
        for each in gone:
            del self._cache[each.id]
        self._tell("builder", "prune", "", reclaimed=str(sum(each.size for each in gone)))
        return gone

    def _tell(self, kind: str, action: str, actor: str, **facts: str) -> None:
        self._events.tell(Event(kind, action, actor, self._clock.now(), facts))


def _short(image: Image) -> str:
    return image.id.removeprefix(_UNNAMED)[:12]
