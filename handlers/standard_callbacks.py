"""Typed data of the buttons below `/standards`."""

from typing import Annotated

from pydantic import Field

from handlers.callbacks import Press


class StandardsList(Press, prefix="st"):
    """All hosts, or one, at a page, in the same message."""

    host: str = ""
    page: Annotated[int, Field(ge=0, lt=10**4)] = 0


class StandardsCard(Press, prefix="sc"):
    """What one subject breaks, at a page, in the same message. key: its `Audited.key`."""

    host: str
    key: Annotated[str, Field(pattern="^[0-9a-f]{12}$")]
    page: Annotated[int, Field(ge=0, lt=100)] = 0


class StandardsFile(Press, prefix="sj"):
    """All of it as JSON, in a message of its own."""

    host: str = ""
