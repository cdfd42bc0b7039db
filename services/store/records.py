"""Frozen dataclasses as the bytes that a store keeps: JSON, checked when read back."""

from collections.abc import Mapping
from typing import Generic, TypeVar

import msgspec

from services.errors import RecordUnreadable

T = TypeVar("T")


class Codec(Generic[T]):
    """For one type. A field added later needs a default, so that older records can still be read.

    Fields that are not known are passed over, so a record of a newer version can be read too. Moments keep
    their zone: what was UTC comes back as UTC.
    """

    def __init__(self, kind: type[T]) -> None:
        self._encoder = msgspec.json.Encoder(enc_hook=_plain)
        self._decoder = msgspec.json.Decoder(kind)

    def pack(self, record: T) -> bytes:
        """Raises UnicodeEncodeError for text with half a surrogate pair, which is no text."""
        return self._encoder.encode(record)

    def unpack(self, value: bytes) -> T:
        """Raises RecordUnreadable when the bytes are no such record."""
        try:
            return self._decoder.decode(value)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise RecordUnreadable(f"a record cannot be read: {error}") from error


def _plain(value: object) -> object:
    """What the encoder does not know by itself: mappings other than dict."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} cannot be kept in a record")
