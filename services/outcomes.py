"""What a piece of work came to, as a value: for tasks, whose exceptions come out of their group in a group."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from services.errors import VakhtaError

T = TypeVar("T")


async def settled(work: Callable[[], Awaitable[T]]) -> T | VakhtaError:
    """A foreseen failure is an outcome, too; anything else is raised."""
    try:
        return await work()
    except VakhtaError as error:
        return error


def value_of(outcome: T | VakhtaError) -> T:
    """Raises the failure that it is."""
    if isinstance(outcome, VakhtaError):
        raise outcome
    return outcome
