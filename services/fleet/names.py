"""What a person typed → the container meant. Pure.

Only a name that fits, in whatever case, is ever acted upon. A word in the wrong keyboard layout, one in Cyrillic
letters and a near miss lead to suggestions alone, and those come from the candidates, which are the asker's scope.
"""

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import cache, partial

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA, JaroWinkler

from services.domain.containers import Container
from services.errors import Ambiguous, NoSuchContainer, NoSuchHost

MOST_SUGGESTIONS = 6
# Of 100: `post` finds postgres at 90, `n9n` finds n8n at 73, and what is below this reads as noise.
NEAR_ENOUGH = 65.0
# For the beginning of a long name and for another part of it, which are far from it by their length.
_BEGINNING, _PART = 80.0, 70.0
_SWAPPED = 75.0  # two letters that stand the other way round: `dri` for dir
_SHORTEST_BEGINNING, _SHORTEST_PART = 2, 3

# The same keys of the two layouts (ЙЦУКЕН as on a PC), without and with Shift.
_LATIN = "`qwertyuiop[]asdfghjkl;'zxcvbnm,./" + '~QWERTYUIOP{}ASDFGHJKL:"ZXCVBNM<>?' + "@#$^&"
_CYRILLIC = "ёйцукенгшщзхъфывапролджэячсмитьбю." + "ЁЙЦУКЕНГШЩЗХЪФЫВАПРОЛДЖЭЯЧСМИТЬБЮ," + '"№;:?'
_TO_LATIN = str.maketrans(_CYRILLIC, _LATIN)
_TO_CYRILLIC = str.maketrans(_LATIN, _CYRILLIC)
# As a name sounds: `директус` is nearer to directus so than by its keys.
_SOUNDS = str.maketrans(
    dict(zip("абвгдеёзийклмнопрстуфхыэ", "abvgdeeziiklmnoprstufhye", strict=True))
    | {"ж": "zh", "ц": "c", "ч": "ch", "ш": "sh", "щ": "sch", "ъ": "", "ь": "", "ю": "yu", "я": "ya"}
)


def resolve(query: str, candidates: Sequence[Container], hosts: Sequence[str]) -> Container:
    """`NAME` or `HOST/NAME`; a name as it is typed wins over one in another case, a name over a compose service.

    `candidates` and `hosts` are what the asker may see. Raises NoSuchContainer, NoSuchHost, Ambiguous.
    """
    host_part, slash, name = query.strip("/").rpartition("/")
    try:
        host = resolve_host(host_part, hosts) if slash else None
    except NoSuchHost as error:
        if near := _near(query, candidates):  # who mistakes the host still wants the container
            raise NoSuchContainer(query, near) from error
        raise
    within = [container for container in candidates if host in (None, container.host)]
    for fitting in _tiers(name, within):
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            raise Ambiguous(query, tuple(sorted((found.host, found.name) for found in fitting)))
    raise NoSuchContainer(query, _near(query, candidates))


def select(query: str, candidates: Sequence[Container], hosts: Sequence[str]) -> tuple[Container, ...]:
    """All that a word means: a container as `resolve` finds it, else a compose project or a host, or what fits a glob.

    A glob is one with `*`, `?` or `[`; without a slash it means names on every host. Raises as `resolve` does,
    NoSuchContainer also for a glob that fits nothing.
    """
    if not any(sign in query for sign in "*?["):
        try:
            return (resolve(query, candidates, hosts),)
        except NoSuchContainer:
            if several := _project(query, candidates) or _of_host(query, candidates, hosts):
                return several
            raise
    glob = query.lower() if "/" in query else f"*/{query.lower()}"
    host_glob, _, name_glob = glob.partition("/")
    fitting = tuple(
        found
        for found in candidates
        if fnmatchcase(found.host, host_glob) and fnmatchcase(found.name.lower(), name_glob)
    )
    if not fitting:
        raise NoSuchContainer(query)
    return fitting


def may_mean(query: str, host: str, unknown: Iterable[str]) -> bool:
    """Whether the word may mean something on a host that does not answer, of which only names are known."""
    if not any(sign in query for sign in "*?["):
        return query.lower() == host.lower() or names_one_of(query, host, unknown)
    host_glob, slash, _ = query.lower().partition("/")
    return not slash or fnmatchcase(host, host_glob)


def _project(query: str, candidates: Sequence[Container]) -> tuple[Container, ...]:
    host, _, name = query.strip("/").rpartition("/")
    return tuple(
        found
        for found in candidates
        if (found.project or "").lower() == name.lower() and (not host or found.host == host.lower())
    )


def _of_host(query: str, candidates: Sequence[Container], hosts: Sequence[str]) -> tuple[Container, ...]:
    host = exact_host(query.strip("/"), hosts)
    return tuple(found for found in candidates if found.host == host)


def resolve_host(query: str, hosts: Sequence[str]) -> str:
    """The host of this name, in any case. Raises NoSuchHost with the nearest ones."""
    host = exact_host(query, hosts)
    if host is None:
        raise NoSuchHost(query, tuple(nearest(query, hosts)))
    return host


def nearest(query: str, known: Iterable[str]) -> list[str]:
    """Those that may have been meant, nearest first."""
    rank = {name: nearness(query, name) for name in known}
    near = [name for name in rank if rank[name] >= NEAR_ENOUGH]
    return sorted(near, key=rank.__getitem__, reverse=True)[:MOST_SUGGESTIONS]


def nearness(query: str, known: str) -> float:
    """0 to 100, however it is spelled."""
    return max(_nearness(typed, known) for typed in _spellings(query))


def exact_host(query: str, hosts: Iterable[str]) -> str | None:
    """The host of this name, in any case; None when there is none."""
    return next((host for host in hosts if host.lower() == query.lower()), None)


def names_one_of(query: str, host: str, names: Iterable[str]) -> bool:
    """Whether this could be one of a silent host's containers, of which only the names are known."""
    host_part, slash, name = query.strip("/").rpartition("/")
    return (not slash or host_part.lower() == host.lower()) and name.lower() in map(str.lower, names)


def in_other_layout(text: str) -> str:
    """The same keys pressed in the other layout: `вшкусегы` → `directus`, `руддщ` → `hello` and back."""
    return text.translate(_TO_LATIN if _has_cyrillic(text) else _TO_CYRILLIC)


def _spellings(text: str) -> tuple[str, ...]:
    return text, in_other_layout(text), text.lower().translate(_SOUNDS)


def _has_cyrillic(text: str) -> bool:
    return any("а" <= letter <= "я" or letter == "ё" for letter in text.lower())


def _tiers(name: str, containers: Sequence[Container]) -> Iterator[list[Container]]:
    """Those that the name fits, the best way of fitting first."""
    lower = name.lower()
    yield [container for container in containers if container.name == name]
    yield [container for container in containers if container.name.lower() == lower]
    yield [container for container in containers if lower in map(str.lower, service_names(container))]


def service_names(container: Container) -> Iterator[str]:
    """`directus`, and what the two Composes call its container: `team-directus-1`, `team_directus_1`."""
    project, service = container.project, container.service
    if service:
        yield service
    if project and service:
        number = container.labels.get("com.docker.compose.container-number", "1")
        for joint in "-_":
            yield joint.join((project, service))
            yield joint.join((project, service, number))


def _near(query: str, candidates: Sequence[Container]) -> tuple[tuple[str, str], ...]:
    """(host, name) of the nearest ones, nearest first; the host that was typed breaks a tie."""
    ranks: dict[tuple[str, str], tuple[float, float]] = {}
    for typed in _spellings(query):
        host, _, name = typed.strip("/").rpartition("/")
        near_name, near_host = cache(partial(_nearness, name)), cache(partial(_nearness, host))
        for found in candidates:
            nearness = max(near_name(known) for known in (found.name, found.service or ""))
            rank = (nearness, near_host(found.host))
            pair = (found.host, found.name)
            ranks[pair] = max(rank, ranks.get(pair, rank))
    near = [pair for pair, (nearness, _) in ranks.items() if nearness >= NEAR_ENOUGH]
    return tuple(sorted(near, key=lambda pair: ranks[pair], reverse=True)[:MOST_SUGGESTIONS])


def _nearness(typed: str, known: str) -> float:
    """0 to 100. WRatio sees a part of a longer name, Jaro-Winkler prefers what begins alike."""
    typed, known = typed.lower(), known.lower()
    nearness = (fuzz.WRatio(typed, known) + 100 * JaroWinkler.similarity(typed, known)) / 2
    if sorted(typed) == sorted(known) and OSA.distance(typed, known) == 1:
        return max(nearness, _SWAPPED)
    if len(typed) >= _SHORTEST_BEGINNING and known.startswith(typed):
        return max(nearness, _BEGINNING)
    if len(typed) >= _SHORTEST_PART and typed in known:
        return max(nearness, _PART)
    return nearness
