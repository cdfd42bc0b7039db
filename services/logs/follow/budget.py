"""How many bytes of logs may be read, so that what nobody can follow by eye costs nearly nothing."""

import asyncio

LONGEST_WAIT = 1.0


class Allowance:
    """Bytes, `rate` a second on average and `burst` of them at once."""

    def __init__(self, rate: float, burst: float) -> None:
        self.rate, self.burst = rate, burst
        self._left, self._at = burst, 0.0

    def take(self, size: int, now: float) -> float:
        """`size` bytes have been read: the seconds until it is no longer overdrawn."""
        earned = (now - self._at) * self.rate if self._at else 0.0
        self._at = now
        self._left = min(self._left + earned, self.burst) - size
        return max(-self._left / self.rate, 0.0)


class Budget:
    """What one reader may read, of a `whole` that others use as well.

    The whole keeps only those waiting who read more than a `share` of it: one who reads little never waits for others.
    """

    def __init__(self, own: Allowance, whole: Allowance, share: float) -> None:
        self._own, self._whole = own, whole
        self._fair = Allowance(whole.rate * share, whole.burst * share)

    @property
    def rate(self) -> float:
        return self._own.rate

    async def spend(self, size: int) -> None:
        """`size` bytes have been read: return when more may be. Never waits longer than a second."""
        now = asyncio.get_running_loop().time()
        wait, others = self._own.take(size, now), self._whole.take(size, now)
        if self._fair.take(size, now):
            wait = max(wait, others)
        if wait > 0:
            await asyncio.sleep(min(wait, LONGEST_WAIT))
