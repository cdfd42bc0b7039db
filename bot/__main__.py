"""`python -m bot run | check | health | standards | demo`.

Exit codes: 0 well, 1 something failed, 2 the settings are wrong.
"""

import argparse
import asyncio
import logging
import os
import sys
from http.client import HTTPConnection, HTTPException
from importlib.util import find_spec
from pathlib import Path

from bot import __version__
from bot.logbook import open_logbook
from bot.settings import Settings, SettingsError, load_settings
from bot.tidying import uncollected
from services.errors import VakhtaError

HEALTH_DEADLINE = 3.0
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (a listener there is asked on loopback)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m bot", description="Vakhta, the watch over Docker servers."
    )
    parser.add_argument("--version", action="version", version=f"vakhta {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("run", help="start the bot (the default)")
    commands.add_parser("check", help="try the settings for real: the token, every host, the store")
    commands.add_parser("health", help="ask the running bot whether it is alive")
    _add_standards(commands.add_parser("standards", help="what does not keep the team's standard"))
    _add_demo(commands.add_parser("demo", help="the bot in the browser, with simulated servers and no token"))
    given = parser.parse_args(arguments)
    command = given.command or "run"
    os.umask(0o077)  # the store and the forwarded sockets are for this user alone
    if command == "demo":
        return _demo(given)
    if command == "standards" and given.files:
        return _standards_of_files(given)
    try:
        settings = load_settings()
    except SettingsError as error:
        sys.stderr.write("".join(f"!!  {problem}\n" for problem in error.problems))
        return 2
    # What goes wrong in a check is its report.
    quiet = command in ("check", "standards")
    open_logbook(settings.secrets(), logging.CRITICAL if quiet else logging.INFO)
    if command == "standards":
        return _standards_of_hosts(settings, given)
    return {"run": _run, "check": _check, "health": _health}[command](settings)


# Each command imports what it alone needs: the healthcheck runs every half minute.


def _run(settings: Settings) -> int:
    with uncollected():
        from bot.app import run  # noqa: PLC0415
        from bot.mends import sentence  # noqa: PLC0415
        from bot.web import CannotListen  # noqa: PLC0415

    log = logging.getLogger("vakhta")
    code = 0
    try:
        asyncio.run(run(settings))
    except* CannotListen as failed:
        log.critical("cannot run: %s", _first(failed))
        code = 1
    except* VakhtaError as failed:
        error = _first(failed)
        assert isinstance(error, VakhtaError)
        log.critical("cannot run: %s", sentence(error))
        code = 1
    return code


def _sentence(error: VakhtaError) -> str:
    from bot.mends import sentence  # noqa: PLC0415

    return sentence(error)


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Task groups wrap what fails in them."""
    error = group.exceptions[0]
    return _first(error) if isinstance(error, BaseExceptionGroup) else error


def _check(settings: Settings) -> int:
    with uncollected():
        from bot.check import check  # noqa: PLC0415

    return asyncio.run(check(settings, tell=_print))


def _add_standards(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", type=Path, nargs="*", metavar="FILE", help="compose files (none: the hosts of the settings)"
    )
    parser.add_argument("--json", action="store_true", help="for other programs")
    parser.add_argument(
        "--exceptions", type=Path, metavar="FILE",
        help="YAML with `exceptions:` as in the settings, for compose files",
    )  # fmt: skip


def _standards_of_files(given: argparse.Namespace) -> int:
    from bot.standards import NotRead, audit_files  # noqa: PLC0415

    try:
        return audit_files(given.files, given.exceptions, json=given.json, tell=_print)
    except NotRead as error:
        sys.stderr.write(f"!!  {error}\n")
        return 2


def _standards_of_hosts(settings: Settings, given: argparse.Namespace) -> int:
    from bot.standards import audit_hosts  # noqa: PLC0415

    return asyncio.run(audit_hosts(settings, json=given.json, tell=_print))


def _print(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _health(settings: Settings) -> int:
    listen = settings.http.listen
    connection = HTTPConnection(_LOOPBACK.get(listen.host, listen.host), listen.port, timeout=HEALTH_DEADLINE)
    try:
        connection.request("GET", "/healthz")
        status = connection.getresponse().status
    except (OSError, HTTPException) as error:
        sys.stderr.write(f"no answer at {listen.host}:{listen.port}: {error}\n")
        return 1
    finally:
        connection.close()
    if status != 200:
        sys.stderr.write(f"{listen.host}:{listen.port} answers {status} on /healthz; is that Vakhta?\n")
        return 1
    return 0


def _add_demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=8090, help="of the page (default: 8090; 0: a free one)")
    parser.add_argument(
        "--local", type=Path, nargs="?", const="/var/run/docker.sock", metavar="SOCKET",
        help="watch this machine's own Docker too, read-only (default: /var/run/docker.sock)",
    )  # fmt: skip
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep the bot's store there")
    parser.add_argument(
        "--trouble", type=float, default=20.0, metavar="SECONDS", help="until something breaks (default: 20)"
    )
    parser.add_argument("--language", choices=("en", "ru"), help="of the group (default: this machine's)")


def _demo(given: argparse.Namespace) -> int:
    if find_spec("playground") is None:
        sys.stderr.write("!!  the demo is not in this image: run `make demo` in a copy of the repository\n")
        return 1
    from bot.demo import CannotDemonstrate, Options, demonstrate  # noqa: PLC0415

    options = Options(given.port, given.local, given.keep, given.trouble, given.language)
    code = 0
    try:
        asyncio.run(demonstrate(options, lambda line: print(line, flush=True)))  # noqa: T201
    except* (CannotDemonstrate, VakhtaError) as failed:
        error = _first(failed)
        why = _sentence(error) if isinstance(error, VakhtaError) else str(error)
        sys.stderr.write(f"!!  {why}\n")
        code = 1
    sys.stdout.flush()
    os._exit(code)  # all is closed; what Python itself would do at its end takes a second and more


if __name__ == "__main__":
    sys.exit(main())
