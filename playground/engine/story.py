"""What happens to a host's containers, for whoever directs a demo or a test.

    story = Story(host)
    story.next_runs("directus", Ending(after=4, oom=True), Ending(after=4, oom=True))
    story.kill("directus", oom=True, says=LAST_WORDS)     # it fails twice more before it stays up

Nothing here goes past the engine's own rules: a container that dies is brought back if its policy says so.
"""

from playground.engine.host import Host
from playground.engine.life import Life
from playground.engine.load import Load
from playground.engine.program import KILL, STDOUT, Ending, Said


class Story:
    """Of one host; containers by name. Raises Refused for a name that is not there."""

    def __init__(self, host: Host) -> None:
        self._host = host

    def _life(self, name: str) -> Life:
        return self._host.life(self._host.find(name))

    def say(self, name: str, *texts: str, stream: int = STDOUT) -> None:
        """Lines in its log, if it runs."""
        at = self._host.clock.now()
        self._host.find(name).log.write([Said(at, text.encode() + b"\n", stream) for text in texts])

    def kill(
        self,
        name: str,
        *,
        oom: bool = False,
        exit_code: int = 128 + KILL,
        says: tuple[bytes, ...] = (),
        stays_down: bool = False,
    ) -> None:
        """Its process ends now, if it has one. stays_down: until somebody starts it, whatever its policy."""
        container = self._host.find(name)
        if container.alive:
            container.held = container.held or stays_down
            self._life(name).die(Ending(exit_code=exit_code, oom=oom, says=says))

    def next_runs(self, name: str, *endings: Ending) -> None:
        """How its next runs end, one after the other; those behind them as its program has it."""
        self._life(name).endings.extend(endings)

    def next_starts_fail(self, name: str, *errors: str) -> None:
        """What the engine says of its next starts, one after the other, instead of starting it."""
        self._life(name).start_errors.extend(errors)

    def sicken(self, name: str, output: str) -> None:
        """Its healthcheck fails from now on, and says this."""
        self._life(name).checkup.sick = output

    def cure(self, name: str) -> None:
        self._life(name).checkup.sick = None

    def work(self, name: str, load: Load) -> None:
        """So much is used from now on, to the end of its run."""
        self._host.find(name).meter.change(load, self._host.clock.now())
