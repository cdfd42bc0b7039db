"""`GET /system/df` → what an engine keeps. Raises TypeError, ValueError, KeyError for what is odd."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from services.domain.stock import Cached, Idle, Image, Stock, Volume
from services.fleet.believing import flag, line, mapping, text, whole
from services.fleet.listed import understood

Answer = Mapping[str, Any]

# Whether the name and the labels of a container or volume say that nobody removes it.
Protects = Callable[[str, Mapping[str, str]], bool]

# The last version of the API in which the answer is lists of everything: since 1.53 it is but totals.
NEWEST = "1.51"

_RUNS = ("running", "paused", "restarting")
_ANONYMOUS = re.compile(r"[0-9a-f]{64}")
_NONE = "<none>:<none>"


def stock(host: str, now: datetime, body: bytes, protects: Protects) -> Stock:
    answer = mapping(understood(body))
    containers = [mapping(row) for row in answer["Containers"] or ()]
    # Engines of before 20.10 and after 25 differ in whether they count the containers of an image themselves.
    made_of = Counter(text(row.get("ImageID")) for row in containers)
    held = Counter(
        text(mount.get("Name"))
        for row in containers
        for mount in row.get("Mounts") or ()
        if mount.get("Name")
    )
    return Stock(
        host,
        now,
        whole(answer.get("LayersSize")),
        tuple(_image(mapping(row), made_of) for row in answer["Images"] or ()),
        tuple(_volume(mapping(row), held, protects) for row in answer["Volumes"] or ()),
        tuple(_idle(row, protects) for row in containers if text(row.get("State")) not in _RUNS),
        tuple(_cached(mapping(row)) for row in answer.get("BuildCache") or ()),
        len(containers),
        sum(text(row.get("State")) in _RUNS for row in containers),
        sum(whole(row.get("SizeRw")) for row in containers),
    )


def _image(row: Answer, made_of: Counter[str]) -> Image:
    identity = text(row["Id"])
    tags = [text(tag) for tag in row.get("RepoTags") or () if tag != _NONE]
    # An image by its digest alone has a name, too.
    digests = [text(each) for each in row.get("RepoDigests") or () if not text(each).startswith("<none>")]
    return Image(
        identity,
        # As they are: it is by them that it is removed.
        tuple(tags or digests),
        datetime.fromtimestamp(min(max(whole(row.get("Created")), 0), 1 << 33), UTC),
        max(whole(row.get("Size")), 0),
        max(made_of[identity], whole(row.get("Containers"))),
    )


def _volume(row: Answer, held: Counter[str], protects: Protects) -> Volume:
    name, usage = text(row["Name"]), mapping(row.get("UsageData"))
    labels = {text(key): text(value) for key, value in mapping(row.get("Labels")).items()}
    size = whole(usage.get("Size"))
    return Volume(
        name,
        max(held[name], whole(usage.get("RefCount"))),
        size if size >= 0 and usage else None,
        _ANONYMOUS.fullmatch(name) is not None,
        protects(name, labels),
    )


def _idle(row: Answer, protects: Protects) -> Idle:
    names = [text(name).removeprefix("/") for name in row.get("Names") or ()]
    name = line(names[0] if names else text(row["Id"])[:12])
    labels = {text(key): text(value) for key, value in mapping(row.get("Labels")).items()}
    return Idle(
        text(row["Id"]), name, line(text(row.get("Image"))), whole(row.get("SizeRw")), protects(name, labels)
    )


def _cached(row: Answer) -> Cached:
    return Cached(
        text(row["ID"]),
        line(text(row.get("Description")) or text(row.get("Type"))),
        max(whole(row.get("Size")), 0),
        flag(row.get("InUse")) or flag(row.get("Shared")),
    )
