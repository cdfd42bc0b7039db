"""Typed data of the buttons below what Prometheus is asked; what all buttons share is in `callbacks`."""

from typing import Annotated

from pydantic import Field

from handlers.callbacks import Press, Token
from handlers.metric_callbacks import ReachKey

Page = Annotated[int, Field(ge=0, lt=1000)]


class QueryAgain(Press, prefix="pq"):
    """The same query once more, in the same message. `token`: of it."""

    token: Token


class QueryPicture(Press, prefix="pp"):
    """The same query over time; opens: in a message of its own."""

    token: Token
    reach: ReachKey = "1h"
    opens: bool = False


class TargetList(Press, prefix="pt"):
    """What is scraped, all of it or of one host, at a page (from 0), in the same message."""

    host: str = ""
    page: Page = 0


class RuleList(Press, prefix="pr"):
    """The rules, at a page (from 0), in the same message."""

    page: Page = 0
