"""A container that somebody follows a link to."""

from services.domain.access import Actor
from services.domain.containers import ContainerKey
from services.domain.reports import Card
from services.errors import NoSuchContainer
from services.fleet.fleet import Fleet


async def linked_card(fleet: Fleet, key: ContainerKey, *, by: Actor) -> Card:
    """As `Fleet.card` of a button, but a link may be made up: a host out of sight is not told apart from one that
    does not exist, not even by the time it takes."""
    selection = await fleet.select((), by=by)
    if any(found.host == key.host and found.key == key.key for found in selection.containers):
        return await fleet.card(key, by=by)
    for silence in selection.silent:
        if silence.host == key.host:
            raise silence
    raise NoSuchContainer("")
