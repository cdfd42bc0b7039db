"""Typed data of the buttons below `/top`; those of one container's figures are `Open` and `Renew`."""

from typing import Annotated

from pydantic import Field

from handlers.callbacks import Press


class TopTurn(Press, prefix="t"):
    """Hosts and what they are busy with now, or one of them, at a page (from 0), in the same message."""

    host: str = ""
    page: Annotated[int, Field(ge=0, lt=1000)] = 0
