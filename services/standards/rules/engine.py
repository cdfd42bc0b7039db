"""The engine itself: that containers outlive it, what its logs are by default, and whether anybody still mends it."""

from datetime import date, timedelta

from services.domain.standards import About, Weight
from services.standards.facts import EngineFacts, Scene
from services.standards.rules.row import Fault, Row

# When a release line got its last mend, by endoflife.date and Docker's release notes. A line that is not here is newer
# than this table.
ENDS = {
    (18, 9): date(2019, 11, 14),
    (19, 3): date(2021, 1, 1),
    (20, 10): date(2023, 12, 10),
    (23, 0): date(2024, 5, 19),
    (24, 0): date(2024, 6, 8),
    (25, 0): date(2025, 8, 1),
    (26, 0): date(2024, 6, 8),
    (26, 1): date(2025, 3, 31),
    (27, 0): date(2024, 7, 29),
    (27, 5): date(2025, 5, 3),
}
SOON = timedelta(days=30)
_MANY_BYTES = 2 << 30
_VERY_MANY_BYTES = 10 << 30
_LOGS = '{\n  "log-driver": "json-file",\n  "log-opts": {"max-size": "10m", "max-file": "3", "compress": "true"}\n}'


def _live_restore(engine: EngineFacts, _scene: Scene) -> Fault | None:
    return None if engine.live_restore else Fault(mend='{"live-restore": true}')


def _log_default(engine: EngineFacts, _scene: Scene) -> Fault | None:
    """Only the driver is told by an engine; what its options are by default it keeps to itself."""
    return (
        None if engine.log_driver in ("json-file", "local") else Fault({"driver": engine.log_driver}, _LOGS)
    )


def _supported(engine: EngineFacts, scene: Scene) -> Fault | None:
    ended = end_of(engine.version)
    if ended is None or scene.now.date() < ended:
        return None
    return Fault({"version": engine.version, "ended": ended.isoformat()})


def end_of(version: str) -> date | None:
    """The day of the last mend of its line; None where it is not known, or still to come."""
    parts = version.split(".")
    if len(parts) < 2 or not (parts[0].isdecimal() and parts[1].isdecimal()):
        return None
    line = int(parts[0]), int(parts[1])
    if line in ENDS:
        return ENDS[line]
    same = [day for (major, _), day in ENDS.items() if major == line[0]]
    return max(same) if same else ENDS[18, 9] if line < (18, 9) else None


def _dangling(engine: EngineFacts, _scene: Scene) -> Fault | None:
    if engine.dangling_bytes < _MANY_BYTES:
        return None
    return Fault({"count": str(engine.dangling), "bytes": str(engine.dangling_bytes)})


def _unused(engine: EngineFacts, _scene: Scene) -> Fault | None:
    """Some are kept for a way back, so only what is much counts."""
    if engine.unused_bytes < _VERY_MANY_BYTES:
        return None
    return Fault({"count": str(engine.unused), "bytes": str(engine.unused_bytes)})


ROWS = (
    Row("live_restore", Weight.WARNING, _live_restore, About.ENGINE),
    Row("engine_logs", Weight.WARNING, _log_default, About.ENGINE),
    Row("engine_supported", Weight.ERROR, _supported, About.ENGINE),
    Row("dangling_images", Weight.INFO, _dangling, About.ENGINE),
    Row("unused_images", Weight.INFO, _unused, About.ENGINE),
)
