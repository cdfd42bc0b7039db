"""`python -m bot check`: try for real what the settings name; one line each says what works and what to mend."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, suppress
from pathlib import Path
from secrets import token_hex
from urllib.parse import urlsplit

from aiogram.exceptions import (
    AiogramError,
    TelegramNetworkError,
    TelegramNotFound,
    TelegramUnauthorizedError,
)

from bot.alerting import Api
from bot.container import SystemClock
from bot.finding import Finding
from bot.hosts import (
    fast_lanes,
    forwarded_addresses,
    host_address,
    lane_login,
    netdata_addresses,
    traefik_addresses,
)
from bot.logbook import mask, plain
from bot.mends import api_sentence, sentence, telegram_unreachable
from bot.metric_trials import tried_metrics
from bot.outside import Netdata, Traefik
from bot.server import Host
from bot.settings import Settings, Telegram
from bot.telegram import open_bot
from bot.tries import FOREIGN_ERRORS
from services.alertmanager import open_alertmanager
from services.errors import ContainerGone, HostError, HostSilent, Silence, VakhtaError
from services.fleet.hosts import open_engine
from services.fleet.lane import HELPER, FastLane, lane_key_line
from services.fleet.tunnel import authorized_keys_line
from services.logs.text.region import MARGIN_LINES
from services.netdatas import open_netdatas
from services.outside.dial import Gateway
from services.outside.tls import trust
from services.ports import Delete, Put
from services.prometheus import open_prometheus
from services.store import open_store
from services.traefiks import open_traefiks

# Seconds for one trial: above what a link gives to a connection, so that the reason is heard.
DEADLINE = 15.0
_NOBODY = "0" * 64  # the id of no container
_WAYS = {"unix": "on this machine", "ssh": "over SSH", "tcp": "over TLS"}


async def check(settings: Settings, *, tell: Callable[[str], object]) -> int:
    """All trials side by side, told in the order of the settings. 0: all is well, 1: something is not."""
    findings = await asyncio.gather(
        _telegram(settings.telegram),
        _store(settings.store),
        *_sources(settings),
        *(_host(name, host) for name, host in settings.hosts.items()),
        *(_lane(lane, settings.hosts[name]) for name, lane in fast_lanes(settings.hosts).items()),
        *(
            _traefik(name, host, host.traefik, settings.trusted_ca)
            for name, host in settings.hosts.items()
            if host.traefik
        ),
        *(
            _netdata(name, host, host.netdata, settings.trusted_ca)
            for name, host in settings.hosts.items()
            if host.netdata
        ),
    )
    findings += await tried_metrics(settings)
    for line in [*map(str, findings), *_recipe(settings)]:
        tell(mask(plain(line), settings.secrets()))
    return 0 if all(finding.ok for finding in findings) else 1


async def _telegram(telegram: Telegram) -> Finding:
    way = telegram.api_url + (" through the proxy" if telegram.proxy else "")
    try:
        async with asyncio.timeout(DEADLINE), open_bot(telegram) as bot:
            me = await bot.get_me()
    except (TelegramUnauthorizedError, TelegramNotFound):
        return Finding("telegram", "the token was refused; copy it again from @BotFather", ok=False)
    except (TelegramNetworkError, TimeoutError, *FOREIGN_ERRORS) as exc:
        mend = telegram_unreachable(str(exc))
        return Finding(
            "telegram", f"{way} cannot be reached ({exc or 'no answer in time'}); {mend}", ok=False
        )
    except AiogramError as exc:
        mend = "correct telegram.api_url, or try later"
        return Finding("telegram", f"{way} does not answer as the Bot API does ({exc}); {mend}", ok=False)
    return Finding("telegram", f"@{me.username} at {way}")


def _sources(settings: Settings) -> list[Awaitable[Finding]]:
    """Where alerts come from, and whether anybody may bring them."""
    found: list[Awaitable[Finding]] = []
    if settings.alertmanager:
        found.append(_alertmanager(settings.alertmanager))
    if settings.prometheus:
        found.append(_prometheus(settings.prometheus))
    return found


async def _alertmanager(api: Api) -> Finding:
    try:
        async with open_alertmanager(api.url, *api.login) as alertmanager:
            status = await alertmanager.status()
    except VakhtaError as error:
        return Finding("alertmanager", api_sentence(error, api.url), ok=False)
    return Finding("alertmanager", f"{status.version} at {api.url}")


async def _prometheus(api: Api) -> Finding:
    try:
        async with open_prometheus(api.url, *api.login) as prometheus:
            rules = await prometheus.rules()
    except VakhtaError as error:
        return Finding("prometheus", api_sentence(error, api.url), ok=False)
    return Finding("prometheus", f"{len(rules)} alerting rules at {api.url}")


async def _store(address: str) -> Finding:
    key = f"check/{token_hex(8)}"
    try:
        async with asyncio.timeout(DEADLINE), open_store(address, SystemClock()) as store:
            await store.write(Put(key, b"written"))
            read = await store.get(key)
            await store.write(Delete(key))
    except VakhtaError as error:
        return Finding("store", sentence(error), ok=False)
    except TimeoutError:
        return Finding("store", f"no answer within {DEADLINE:g} s; is the disk overloaded?", ok=False)
    return Finding("store", f"{address}, written and read", ok=read == b"written")


async def _host(name: str, host: Host) -> Finding:
    try:
        async with open_engine(host_address(name, host)) as engine:
            info = await engine.ping(deadline=DEADLINE)
            containers = await engine.containers(deadline=DEADLINE)
    except VakhtaError as error:
        return Finding(name, sentence(error), ok=False)
    noun = "container" if len(containers) == 1 else "containers"
    return Finding(name, f"Docker {info.version} {_WAYS[host.scheme]}, {len(containers)} {noun}")


async def _traefik(name: str, host: Host, traefik: Traefik, trusted_ca: Path | None) -> Finding:
    what, way = f"{name}, Traefik", " (through SSH)" if traefik.via_ssh else ""
    try:
        async with AsyncExitStack() as stack:
            gateways = await _gateways(stack, name, host, via_ssh=traefik.via_ssh)
            believed = await asyncio.to_thread(trust, trusted_ca)
            traefiks = await stack.enter_async_context(
                open_traefiks(traefik_addresses({name: host}, gateways), believed)
            )
            routing = await traefiks.routing(name, deadline=DEADLINE)
    except VakhtaError as error:
        return Finding(what, api_sentence(error, traefik.url) + way, ok=False)
    count = sum(router.provider != "internal" for router in routing.routers)
    noun = "router" if count == 1 else "routers"
    return Finding(what, f"Traefik {routing.version}, {count} {noun} at {traefik.url}{way}")


async def _netdata(name: str, host: Host, netdata: Netdata, trusted_ca: Path | None) -> Finding:
    what, way = f"{name}, Netdata", " (through SSH)" if netdata.via_ssh else ""
    try:
        async with AsyncExitStack() as stack:
            gateways = await _gateways(stack, name, host, via_ssh=netdata.via_ssh)
            believed = await asyncio.to_thread(trust, trusted_ca)
            netdatas = await stack.enter_async_context(
                open_netdatas(netdata_addresses({name: host}, gateways), believed)
            )
            info = await netdatas.of(name).info(deadline=DEADLINE)
    except VakhtaError as error:
        return Finding(what, api_sentence(error, netdata.url) + way, ok=False)
    return Finding(what, f"Netdata {info.version} of {info.hostname} at {netdata.url}{way}")


async def _gateways(stack: AsyncExitStack, name: str, host: Host, *, via_ssh: bool) -> dict[str, Gateway]:
    if not via_ssh:
        return {}
    return {name: await stack.enter_async_context(open_engine(host_address(name, host)))}


async def _lane(lane: FastLane, host: Host) -> Finding:
    """Let it search, in a container that has such a log if one is found, for what every record holds."""
    name = f"{lane.host}, fast lane"
    container_id = await _searchable(lane.host, host)
    try:
        async with aclosing(
            lane.candidates(container_id or _NOBODY, [b"stream"], context=MARGIN_LINES, deadline=DEADLINE)
        ) as found:
            await anext(found, None)
    except ContainerGone:
        if container_id:
            where = "`docker info -f '{{.DockerRootDir}}'` there"
            text = (
                f"it does not find Docker's logs; let `containers` in {HELPER} begin with what {where} says"
            )
            return Finding(name, text, ok=False)
    except HostError as error:
        return Finding(name, _lane_sentence(error), ok=False)
    return Finding(
        name, "it searches" if container_id else "it answers; no container has a log that it could search"
    )


def _lane_sentence(error: HostError) -> str:
    match error:
        case HostSilent(reason=Silence.LOGIN, detail=detail):
            return (
                "the login was refused; put the line below into authorized_keys of that user, and see what sshd's "
                f"PermitRootLogin says (docs/fast-lane.md) ({detail})"
            )
        case HostSilent(reason=Silence.FORWARD, detail=detail):
            return (
                f"the login works, but the search does not; install it as docs/fast-lane.md shows ({detail})"
            )
        case _:
            return sentence(error)


async def _searchable(name: str, host: Host) -> str | None:
    """The id of a container whose log the fast lane could search; that a host is silent is said elsewhere."""
    try:
        async with open_engine(host_address(name, host)) as engine:
            for container in await engine.containers(deadline=DEADLINE):
                if (await engine.inspect(container.id, deadline=DEADLINE)).log_driver == "json-file":
                    return container.id
    except VakhtaError:
        pass
    return None


def _recipe(settings: Settings) -> list[str]:
    """What the servers reached over SSH must hold, ready to be copied; docs/ssh-key.md says why each part."""
    lines: list[str] = []
    users: dict[str, None] = {}
    for name, host in settings.hosts.items():
        user = urlsplit(host.address).username
        if host.scheme != "ssh" or not user or not host.identity_file:
            continue
        try:
            addresses = forwarded_addresses(name, settings)
            line = authorized_keys_line(str(host.identity_file), str(host.docker_socket), addresses)
        except (OSError, ValueError):  # said above, as the reason of the host's silence
            continue
        users[user] = None
        lines += ["", f"The line for authorized_keys of the user {user} on {name}:", line]
    if users:
        lines += [
            "",
            "For sshd_config on each of these servers, then `systemctl reload ssh`:",
            f"Match User {','.join(users)}",
            "    AllowStreamLocalForwarding local",
            "    AllowTcpForwarding local",
        ]
    for name, host in settings.hosts.items():
        if login := lane_login(host):
            with suppress(OSError, ValueError):
                line = lane_key_line(login.identity_file)
                lines += ["", f"The line for authorized_keys of the user {login.username} on {name}:", line]
    return lines
