"""Which addresses may be asked. Pure: nothing is resolved here.

Unlike `ipaddress.is_private` and its like, which change with Python's version, the tables are our own; of IPv6 all is
refused that is not known to be well. docs/decisions/0027 tells why each stands where it does.
"""

from collections.abc import Iterator
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network


class AddressKind(StrEnum):
    """Why an address is no public one."""

    UNSPECIFIED = "unspecified"
    LOOPBACK = "loopback"
    PRIVATE = "private"
    LINK_LOCAL = "link_local"
    METADATA = "metadata"
    MULTICAST = "multicast"
    RESERVED = "reserved"
    TUNNEL = "tunnel"  # 6to4, Teredo, ISATAP: whatever it carries, nobody serves there


# Where the settings name a domain, its addresses may be these; where somebody types one, they may not.
_NEAR = frozenset({AddressKind.LOOPBACK, AddressKind.PRIVATE})

Address = IPv4Address | IPv6Address
_Network = IPv4Network | IPv6Network


def _table(rows: dict[AddressKind, tuple[str, ...]]) -> tuple[tuple[_Network, AddressKind], ...]:
    return tuple((ip_network(text), kind) for kind, networks in rows.items() for text in networks)


# The first that fits tells.
_V4 = _table(
    {
        AddressKind.METADATA: (
            "169.254.169.254/32",  # AWS, Google, Azure, Hetzner and most others
            "169.254.170.2/32",  # AWS: credentials of a task
            "169.254.170.23/32",
            "100.100.100.200/32",  # Alibaba
            "168.63.129.16/32",  # Azure, of an otherwise public network
            "192.0.0.192/32",  # Oracle
        ),
        AddressKind.LINK_LOCAL: ("169.254.0.0/16",),
        AddressKind.UNSPECIFIED: ("0.0.0.0/8",),  # Linux takes 0.0.0.0 for itself
        AddressKind.LOOPBACK: ("127.0.0.0/8",),
        AddressKind.PRIVATE: (
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "100.64.0.0/10",  # a provider's own, and Tailscale's
            "198.18.0.0/15",
        ),
        AddressKind.MULTICAST: ("224.0.0.0/4",),
        AddressKind.RESERVED: ("192.0.0.0/24", "192.88.99.0/24", "240.0.0.0/4"),
    }
)
_V6 = _table(
    {
        AddressKind.METADATA: (
            "fd00:ec2::254/128",
            "fd00:ec2::23/128",
            "fd20:ce::254/128",
            "fd00:42::42/128",
        ),
        AddressKind.UNSPECIFIED: ("::/128",),
        AddressKind.LOOPBACK: ("::1/128",),
        AddressKind.LINK_LOCAL: ("fe80::/10",),
        AddressKind.PRIVATE: ("fc00::/7", "fec0::/10", "64:ff9b:1::/48"),
        AddressKind.MULTICAST: ("ff00::/8",),
        AddressKind.TUNNEL: ("2002::/16", "2001::/32"),
        # Of 2000::/3 what is for no host: ORCHID, benchmarks, and the rest of 2001::/23.
        AddressKind.RESERVED: ("2001::/23",),
    }
)
_GLOBAL = IPv6Network("2000::/3")
# The last 32 bits are an IPv4 address: mapped, translated, compatible, NAT64.
_CARRYING = tuple(map(IPv6Network, ("::ffff:0:0/96", "::ffff:0:0:0/96", "::/96", "64:ff9b::/96")))
_NAT64 = IPv6Network("64:ff9b::/96")
_ISATAP = (0x00005EFE, 0x02005EFE)


def kind_of(address: Address | str) -> AddressKind | None:
    """None for a public one. Raises ValueError for a text that is no address."""
    judged = ip_address(address) if isinstance(address, str) else address
    return next(_kinds(judged), None)


def refused(address: Address | str, *, configured: bool) -> AddressKind | None:
    """Why it may not be asked; None: it may. configured: the settings name the domain that led to it."""
    kind = kind_of(address)
    return None if configured and kind in _NEAR else kind


def _kinds(address: Address) -> Iterator[AddressKind]:
    if isinstance(address, IPv4Address):
        yield from (kind for network, kind in _V4 if address in network)
        return
    if address.scope_id:
        yield AddressKind.LINK_LOCAL
    yield from (kind for network, kind in _V6 if address in network)
    for network in _CARRYING:
        if address in network:
            yield from _kinds(IPv4Address(int(address) & 0xFFFFFFFF))
            if network == _NAT64:  # of a public one: how a network without IPv4 reaches it
                return
            yield AddressKind.RESERVED
    if address not in _GLOBAL:
        yield AddressKind.RESERVED
    if int(address) >> 32 & 0xFFFFFFFF in _ISATAP:
        yield AddressKind.TUNNEL
