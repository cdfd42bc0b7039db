"""What an engine keeps: listed, measured, removed."""

from collections import Counter
from hashlib import sha256

from aiohttp import web

from playground.engine.api import parameters
from playground.engine.api.answering import json_answer
from playground.engine.api.listing import mountpoint, row
from playground.engine.clock import SECOND
from playground.engine.container import Container
from playground.engine.disk import Cached, Image, Volume
from playground.engine.durations import rfc3339
from playground.engine.host import Host

_UNKNOWN = -1  # only to measure takes the engine the time to find it out
_NAMELESS = "<none>"


async def read_images(request: web.Request, host: Host) -> web.StreamResponse:
    return json_answer([_image(image) for image in host.disk.images])


async def inspect_image(request: web.Request, host: Host) -> web.StreamResponse:
    image = host.disk.image(request.match_info["name"])
    created = rfc3339(image.created // SECOND * SECOND)
    return json_answer(
        {"Id": image.id, "RepoTags": list(image.names), "Created": created, "Size": image.size}
    )


async def read_volumes(request: web.Request, host: Host) -> web.StreamResponse:
    return json_answer({"Volumes": [_volume(volume) for volume in host.disk.volumes], "Warnings": None})


async def read_usage(request: web.Request, host: Host) -> web.StreamResponse:
    disk, now = host.disk, host.clock.now()
    made, used = Counter(each.image for each in host), _users(host)
    sizes = {image.id: image.size for image in disk.images}
    return json_answer(
        {
            "LayersSize": disk.layers,
            "Images": [
                _image(image) | {"Containers": made[image.id], "SharedSize": image.shared}
                for image in disk.images
            ],
            "Containers": [_container(host, each, now, sizes.get(each.image, 0)) for each in host],
            "Volumes": [
                _volume(volume) | {"UsageData": {"RefCount": used[volume.name], "Size": volume.size}}
                for volume in disk.volumes
            ],
            "BuildCache": [_cached(record) for record in disk.cache] or None,
            "BuilderSize": sum(record.size for record in disk.cache),
        }
    )


def _users(host: Host) -> Counter[str]:
    """Volume → how many containers have it."""
    return Counter(volume for each in host for volume in each.spec.volumes)


def _image(image: Image) -> dict[str, object]:
    return {
        "Containers": _UNKNOWN,
        "Created": image.created // SECOND,
        "Id": image.id,
        "Labels": None,
        "ParentId": "",
        "RepoDigests": _digests(image) or [f"{_NAMELESS}@{_NAMELESS}"],
        "RepoTags": list(image.names) or [f"{_NAMELESS}:{_NAMELESS}"],
        "SharedSize": _UNKNOWN,
        "Size": image.size,
        "VirtualSize": image.size,
    }


def _digests(image: Image) -> list[str]:
    """As a registry told them."""
    digest = sha256(image.id.encode()).hexdigest()
    return [f"{name.rpartition(':')[0]}@sha256:{digest}" for name in image.names]


def _volume(volume: Volume) -> dict[str, object]:
    return {
        "CreatedAt": rfc3339(volume.created // SECOND * SECOND),
        "Driver": "local",
        "Labels": volume.labels or None,
        "Mountpoint": mountpoint(volume.name),
        "Name": volume.name,
        "Options": None,
        "Scope": "local",
    }


def _container(host: Host, container: Container, now: int, size: int) -> dict[str, object]:
    """What it holds itself is left out where it is nothing."""
    written = container.spec.written
    sizes: dict[str, object] = {"SizeRw": written} if written else {}
    return row(host, container, container.describe(now)[0]) | sizes | {"SizeRootFs": size + written}


def _cached(record: Cached) -> dict[str, object]:
    return {
        "ID": record.id,
        "Parent": "",
        "Type": "regular",
        "Description": record.words,
        "InUse": False,
        "Shared": False,
        "Size": record.size,
        "CreatedAt": rfc3339(record.created),
        "LastUsedAt": rfc3339(record.created),
        "UsageCount": 1,
    }


async def remove_image(request: web.Request, host: Host) -> web.StreamResponse:
    return json_answer(host.disk.remove_image(request.match_info["name"]))


async def remove_volume(request: web.Request, host: Host) -> web.StreamResponse:
    host.disk.remove_volume(request.match_info["name"])
    return web.Response(status=204)


async def clear_cache(request: web.Request, host: Host) -> web.StreamResponse:
    gone = host.disk.clear_cache(parameters.filters(request.query).get("id"))
    reclaimed = sum(record.size for record in gone)
    return json_answer({"CachesDeleted": [record.id for record in gone] or None, "SpaceReclaimed": reclaimed})
