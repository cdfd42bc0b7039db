"""How many bytes of logs may be read, so that what nobody can follow by eye costs nearly nothing."""

import asyncio

LONGEST_WAIT = 1.0


class Budget:
    """Bytes, `rate` a second on average and `burst` of them at once.

    Of a `whole` that others spend as well: only who has used half of its own burst waits for it, so that one who
    reads little is never kept waiting by those who read much.
    """

    def __init__(self, rate: float, burst: float, whole: "Budget | None" = None) -> None:
        self.rate = rate
        self._burst, self._whole = burst, whole
        self._left, self._at = burst, 0.0

    async def spend(self, size: int) -> None:
        """`size` bytes have been read: return when more may be. Never waits longer than a second."""
        now = asyncio.get_running_loop().time()
        wait = self._take(size, now)
        if self._whole is not None:
            others = self._whole._take(size, now)
            if self._left < self._burst / 2:
                wait = max(wait, others)
        if wait > 0:
            await asyncio.sleep(min(wait, LONGEST_WAIT))

    def _take(self, size: int, now: float) -> float:
        """Seconds until it is no longer overdrawn."""
        earned = (now - self._at) * self.rate if self._at else 0.0
        self._at = now
        self._left = min(self._left + earned, self._burst) - size
        return max(-self._left / self.rate, 0.0)
