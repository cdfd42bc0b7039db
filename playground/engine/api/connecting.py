"""`GET /networks`."""

from aiohttp import web

from playground.engine.api.answering import json_answer
from playground.engine.api.listing import GATEWAY
from playground.engine.container import identity
from playground.engine.durations import rfc3339
from playground.engine.host import Host
from playground.engine.networks import BRIDGE, Network

_SUBNET = "172.18.0.0/16"


async def read_networks(request: web.Request, host: Host) -> web.StreamResponse:
    return json_answer([_row(host, network) for network in host.networks()])


def _row(host: Host, network: Network) -> dict[str, object]:
    """Who is in it is told of a single one only."""
    subnets = [{"Subnet": _SUBNET, "Gateway": GATEWAY}] if network.driver == BRIDGE else []
    return {
        "Name": network.name,
        "Id": identity(host.name, "network", network.name),
        "Created": rfc3339(host.booted),
        "Scope": "local",
        "Driver": network.driver,
        "EnableIPv6": False,
        "IPAM": {"Driver": "default", "Options": None, "Config": subnets},
        "Internal": network.internal,
        "Attachable": False,
        "Ingress": False,
        "ConfigFrom": {"Network": ""},
        "ConfigOnly": False,
        "Containers": {},
        "Options": {},
        "Labels": {},
    }
