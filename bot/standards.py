"""`python -m bot standards`: the standard in a terminal, of the settings' hosts or of compose files, for people and CI.

Exit codes: 0 where nothing is wrong beyond hints, 1 for warnings and errors, or a host that cannot be asked.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from bot.complaints import complaints
from bot.hosts import host_address
from bot.middlewares.locale import speaking
from bot.norms import StandardsBlock
from bot.settings import Settings
from handlers.views.standard_words import subject_name, what, why
from handlers.views.standards import as_json
from handlers.words import catalogues
from services.domain.standards import Exemption, HostAudit, StandardsReport, Weight
from services.errors import HostError
from services.fleet.hosts import login_turns, open_engine
from services.standards import composed
from services.standards.auditing import audit
from services.standards.standards import look_at, unknown
from services.standards.written import NotYaml, tree

Tell = Callable[[str], object]
_SIGNS = {Weight.ERROR: "!!", Weight.WARNING: "! ", Weight.INFO: "  "}


class NotRead(Exception):
    """A file cannot be used; the words say which and why."""


def audit_files(paths: Sequence[Path], exceptions: Path | None, *, json: bool, tell: Tell) -> int:
    """Of compose files. Raises NotRead."""
    now = datetime.now(UTC)
    exemptions = _exemptions(exceptions) if exceptions else ()
    audits = []
    for path in paths:
        try:
            scene = composed.read(path, now)
        except OSError as error:
            raise NotRead(f"{path}: {error.strerror}") from None
        except (composed.NoCompose, UnicodeDecodeError) as error:
            raise NotRead(f"{path} is no compose file: {error}") from None
        audits.append(replace(audit(scene, exemptions), host=str(path)))
    return _told(StandardsReport(tuple(audits), now), json=json, tell=tell)


async def audit_hosts(settings: Settings, *, json: bool, tell: Tell) -> int:
    norms = settings.standards.norms
    async with AsyncExitStack() as stack:
        turns = login_turns()
        addresses = [host_address(name, host) for name, host in settings.hosts.items()]
        engines = [await stack.enter_async_context(open_engine(address, turns)) for address in addresses]

        async def look(place: int) -> HostAudit:
            try:
                return await look_at(engines[place], norms, datetime.now(UTC))
            except HostError as error:
                return unknown(addresses[place].name, datetime.now(UTC), error)

        audits = await asyncio.gather(*(look(place) for place in range(len(engines))))
    return _told(StandardsReport(tuple(audits), datetime.now(UTC)), json=json, tell=tell)


def _exemptions(path: Path) -> list[Exemption]:
    """A YAML file with `exceptions:` as in the settings' `standards`."""
    try:
        block = StandardsBlock.model_validate(tree(path.read_text()))
    except OSError as error:
        raise NotRead(f"{path}: {error.strerror}") from None
    except (NotYaml, UnicodeDecodeError) as error:
        raise NotRead(f"{path} is no YAML: {error}") from None
    except ValidationError as error:
        raise NotRead(f"{path}: " + "; ".join(complaints(error, StandardsBlock, {}))) from None
    return [each.exemption for each in block.exceptions]


def _told(report: StandardsReport, *, json: bool, tell: Tell) -> int:
    with speaking(catalogues("en"), ZoneInfo("UTC"), "en"):
        lines = [as_json(report)] if json else _lines(report)
        for line in lines:
            tell(line)
    breaches = [breach for each in report.hosts for one in each.subjects for breach in one.breaches]
    silent = any(each.silent for each in report.hosts)
    return 1 if silent or any(breach.weight > Weight.INFO for breach in breaches) else 0


def _lines(report: StandardsReport) -> list[str]:
    lines = []
    for each in report.hosts:
        state = "no right to inspect there" if each.barred else "no contact" if each.silent else ""
        lines.append(f"{each.host}: " + (state or f"{each.score} of 100"))
        for one in each.subjects:
            name = subject_name(one.about, one.name)
            for breach in one.breaches:
                lines.append(
                    f"{_SIGNS[breach.weight]}  {name}: {what(breach)} [{breach.rule}]. {why(breach)}"
                )
            for excused in one.excused:
                lines.append(f"ok  {name}: {what(excused.breach)}: agreed to, {excused.exemption.reason}")
    return lines
