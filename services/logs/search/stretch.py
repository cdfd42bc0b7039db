"""A window of a log on its way through a scan: none of its lines is judged before its neighbours are known. Pure.

What is hidden may span lines, and a hit has a context. So the oldest lines of a window, its edge, are only looked at
together with the next, older window; and each chunk when the one behind it has come.
"""

from services.domain.logs import Block, Line, joined
from services.logs.search.scan import Scan
from services.logs.text.region import Region, head_of, parted, tail_of


class Stretch:
    """Fed with the window's chunks. CPU work: not for the event loop.

    edge: of the window behind this one, which follows upon it and is looked at now. ahead: what follows upon that,
    and was looked at already. After the end these two are what the next window needs; first: the oldest line that
    was looked at, None: no line was; lines: of the window itself; edge_lines: of them, those that wait.
    """

    def __init__(self, scan: Scan, context: int, edge: Block, ahead: Block) -> None:
        self.edge, self.ahead = edge, ahead
        self.first: Line | None = None
        self.lines = self.edge_lines = 0
        self._scan, self._context = scan, context
        self._own_edge = self._before = self._body = Block()
        self._oldest = Block()  # body that was looked at, for what is ahead of the next window
        self._number = 0

    def feed(self, chunk: Block) -> None:
        if self.lines == self.edge_lines:  # as yet nothing behind the edge
            self._own_edge, self._body = parted(joined(self._own_edge, chunk), self._context)
            self._before = self._own_edge
            self._number = self.edge_lines = len(self._own_edge)
            if self._body:
                self._scan.skip(self._own_edge)
        else:
            head = head_of(chunk, self._context)
            if len(head) == len(chunk):  # too few lines to go before any
                self._body = joined(self._body, chunk)
            else:
                self._look(head)
                self._body = chunk
        self.lines += len(chunk)

    def end(self) -> None:
        """All of the window has come."""
        if self.lines == self.edge_lines:  # too few to be sure of any
            self.edge = joined(self._own_edge, self.edge)
            return
        self._look(head_of(joined(self.edge, self.ahead), self._context))
        self._body = self.edge
        self._look(self.ahead)
        self.edge, self.ahead = self._own_edge, head_of(joined(self._oldest, self.ahead), self._context)

    def end_at_the_oldest(self) -> None:
        """Nothing older is left: the edge is looked at by itself."""
        self._body = self.edge
        self._look(self.ahead)
        self.edge = Block()

    def _look(self, after: Block) -> None:
        body = self._body
        if not body:
            return
        if self.first is None:
            self.first, self._oldest = body.line(0), head_of(body, self._context)
        elif len(self._oldest) == self._number - self.edge_lines:  # all that was looked at so far
            self._oldest = joined(self._oldest, head_of(body, self._context))
        self._scan.look(Region.of(self._before, body, after), self._number)
        self._number += len(body)
        self._before = tail_of(joined(self._before, body), self._context)
