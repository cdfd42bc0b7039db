"""Frozen dataclasses as the bytes that a store keeps: JSON, checked when read back."""

from typing import Generic, TypeVar

from pydantic import TypeAdapter, ValidationError

from services.errors import StoreUnavailable

T = TypeVar("T")


class Codec(Generic[T]):
    """For one type. A field added later needs a default, so that older records can still be read."""

    def __init__(self, kind: type[T]) -> None:
        self._adapter = TypeAdapter(kind)

    def pack(self, record: T) -> bytes:
        return self._adapter.dump_json(record)

    def unpack(self, value: bytes) -> T:
        """Raises StoreUnavailable when the bytes are no such record."""
        try:
            return self._adapter.validate_json(value)
        except ValidationError as error:
            raise StoreUnavailable(f"a record cannot be read: {error}") from error
