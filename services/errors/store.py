"""The store's own."""

from dataclasses import dataclass

from services.errors.base import VakhtaError


class StoreError(VakhtaError):
    """The store's own trouble."""


@dataclass(eq=False)
class StoreUnavailable(StoreError):
    detail: str


class RecordUnreadable(StoreUnavailable):
    """It was written by a newer version, or is damaged. Trying again does not help."""


@dataclass(eq=False)
class StoreTooNew(StoreError):
    found: int
    known: int
