"""What the blocks of the settings have in common."""

from pydantic import BaseModel, ConfigDict


class Block(BaseModel):
    """A frozen part of the tree that knows all its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
