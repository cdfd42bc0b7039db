"""The table of addresses that are refused, and of spellings that are not even read."""

import pytest

from services.errors import TargetRefused
from services.outside.addresses import AddressKind, kind_of, refused
from services.outside.targets import Oddity, following, read_target

LOOPBACK, PRIVATE, LINK_LOCAL = AddressKind.LOOPBACK, AddressKind.PRIVATE, AddressKind.LINK_LOCAL
METADATA, MULTICAST, RESERVED = AddressKind.METADATA, AddressKind.MULTICAST, AddressKind.RESERVED
UNSPECIFIED, TUNNEL = AddressKind.UNSPECIFIED, AddressKind.TUNNEL

REFUSED = {
    "0.0.0.0": UNSPECIFIED,
    "0.1.2.3": UNSPECIFIED,
    "10.0.0.1": PRIVATE,
    "10.255.255.255": PRIVATE,
    "100.64.0.1": PRIVATE,
    "100.127.255.255": PRIVATE,
    "100.100.100.200": METADATA,
    "127.0.0.1": LOOPBACK,
    "127.255.255.254": LOOPBACK,
    "168.63.129.16": METADATA,
    "169.254.0.1": LINK_LOCAL,
    "169.254.169.254": METADATA,
    "169.254.170.2": METADATA,
    "169.254.255.255": LINK_LOCAL,
    "172.16.0.1": PRIVATE,
    "172.31.255.255": PRIVATE,
    "192.0.0.1": RESERVED,
    "192.0.0.192": METADATA,
    "192.88.99.1": RESERVED,
    "192.168.0.1": PRIVATE,
    "198.18.0.1": PRIVATE,
    "198.19.255.255": PRIVATE,
    "224.0.0.1": MULTICAST,
    "239.255.255.250": MULTICAST,
    "240.0.0.1": RESERVED,
    "255.255.255.255": RESERVED,
    "::": UNSPECIFIED,
    "::1": LOOPBACK,
    "::2": UNSPECIFIED,  # as 0.0.0.2
    "::127.0.0.1": LOOPBACK,
    "::169.254.169.254": METADATA,
    "::8.8.8.8": RESERVED,
    "::ffff:127.0.0.1": LOOPBACK,
    "::ffff:7f00:1": LOOPBACK,
    "::ffff:10.0.0.1": PRIVATE,
    "::ffff:169.254.169.254": METADATA,
    "::ffff:100.100.100.200": METADATA,
    "::ffff:8.8.8.8": RESERVED,
    "::ffff:0:127.0.0.1": LOOPBACK,
    "::ffff:0:169.254.169.254": METADATA,
    "64:ff9b::7f00:1": LOOPBACK,
    "64:ff9b::169.254.169.254": METADATA,
    "64:ff9b::10.1.2.3": PRIVATE,
    "64:ff9b:1::1": PRIVATE,
    "100::1": RESERVED,
    "2001::1": TUNNEL,  # Teredo
    "2001:0:4136:e378:8000:63bf:80ff:fffe": TUNNEL,  # … to 127.0.0.1
    "2001:2::1": RESERVED,
    "2001:20::1": RESERVED,
    "2002:7f00:1::": TUNNEL,  # 6to4 of 127.0.0.1
    "2002:a9fe:a9fe::1": TUNNEL,
    "2002:808:808::1": TUNNEL,
    "2a00:1450:4001:81b:0:5efe:7f00:1": TUNNEL,  # ISATAP
    "2a00:1450:4001:81b:200:5efe:a9fe:a9fe": TUNNEL,
    "4000::1": RESERVED,
    "5f00::1": RESERVED,
    "fc00::1": PRIVATE,
    "fd00:ec2::254": METADATA,
    "fd00:ec2::23": METADATA,
    "fd20:ce::254": METADATA,
    "fd12:3456:789a::1": PRIVATE,
    "fe80::1": LINK_LOCAL,
    "fe80::a9fe:a9fe%eth0": LINK_LOCAL,
    "febf::1": LINK_LOCAL,
    "2a00:1450:4001:81b::200e%lo": LINK_LOCAL,
    "fec0::1": PRIVATE,
    "fe00::1": RESERVED,
    "ff02::1": MULTICAST,
    "ff0e::1": MULTICAST,
}
PUBLIC = (
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.1",
    "100.63.255.255",
    "100.128.0.1",
    "126.255.255.255",
    "128.0.0.1",
    "169.253.255.255",
    "169.255.0.1",
    "172.15.255.255",
    "172.32.0.1",
    "178.236.17.186",
    "192.167.255.255",
    "192.169.0.1",
    "198.17.255.255",
    "198.20.0.1",
    "203.0.113.2",
    "223.255.255.255",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2a00:1450:4001:81b::200e",
    "64:ff9b::8.8.8.8",
)


@pytest.mark.parametrize(("address", "kind"), REFUSED.items())
def test_what_is_no_public_address_is_refused(address: str, kind: AddressKind) -> None:
    assert refused(address, configured=False) is kind


@pytest.mark.parametrize("address", PUBLIC)
def test_what_is_beside_those_is_asked(address: str) -> None:
    assert kind_of(address) is None


@pytest.mark.parametrize(("address", "kind"), REFUSED.items())
def test_a_name_of_the_settings_may_lead_near_and_nowhere_else(address: str, kind: AddressKind) -> None:
    assert refused(address, configured=True) is (None if kind in (LOOPBACK, PRIVATE) else kind)


SPELLINGS = {
    "http://0x7f.1": Oddity.NUMBER,
    "http://0x7f000001": Oddity.NUMBER,
    "http://2130706433": Oddity.NUMBER,
    "http://127.1": Oddity.NUMBER,
    "http://0177.0.0.1": Oddity.NUMBER,
    "http://127.0.0.01": Oddity.NUMBER,
    "http://127.0.0.1.": None,
    "http://127.0.0.1..": Oddity.HOST,
    "http://1.2.3.4.5": Oddity.NUMBER,
    "http://256.0.0.1": Oddity.NUMBER,
    "http://[::1": Oddity.HOST,
    "http://[::1]x": Oddity.HOST,
    "http://[127.0.0.1]": Oddity.HOST,
    "http://[v1.x]": Oddity.HOST,
    "http://１２７。０。０。１": None,
    "http://①②⑦.1": Oddity.NUMBER,
    "http://user@example.org": Oddity.LOGIN,
    "http://user:secret@example.org": Oddity.LOGIN,
    "http://@example.org": Oddity.LOGIN,
    "http://example.org\\@evil.example": Oddity.SIGNS,
    "http://exa mple.org": Oddity.SIGNS,
    "http://example.org/\nHost: x": Oddity.SIGNS,
    "http://exa\u200bmple.org": Oddity.SIGNS,
    "http://example.org:0": Oddity.PORT,
    "http://example.org:25": Oddity.PORT,
    "http://example.org:22": Oddity.PORT,
    "http://example.org:65536": Oddity.PORT,
    "http://example.org:x": Oddity.PORT,
    "file:///etc/passwd": Oddity.SCHEME,
    "gopher://example.org": Oddity.SCHEME,
    "ftp://example.org": Oddity.SCHEME,
    "unix:///var/run/docker.sock": Oddity.SCHEME,
    "javascript:alert(1)": Oddity.SCHEME,
    "http://": Oddity.HOST,
    "https:///path": Oddity.HOST,
    "http://-a.example.org": Oddity.HOST,
    "http://a..example.org": Oddity.HOST,
    "http://exa%6dple.org": Oddity.HOST,
    "http://" + "a" * 64 + ".org": Oddity.HOST,
    "http://example.org/" + "a" * 2000: Oddity.TOO_LONG,
}


@pytest.mark.parametrize(("text", "oddity"), SPELLINGS.items())
def test_what_not_everybody_reads_alike_is_not_read(text: str, oddity: Oddity | None) -> None:
    """None: it is read, and as what it is."""
    if oddity is None:
        assert read_target(text).host == "127.0.0.1"
        return
    with pytest.raises(TargetRefused) as caught:
        read_target(text)
    assert caught.value.oddity is oddity
    assert "secret" not in caught.value.text


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("dir.example.org", "https://dir.example.org/"),
        ("Dir.Example.ORG.", "https://dir.example.org/"),
        ("dir.example.org:8443/a?b=c#d", "https://dir.example.org:8443/a?b=c"),
        ("http://dir.example.org:80", "http://dir.example.org/"),
        ("HTTPS://dir.example.org:443/x y", None),
        ("https://пример.рф/путь", "https://xn--e1afmkfd.xn--p1ai/%D0%BF%D1%83%D1%82%D1%8C"),
        ("https://[2A00:1450:4001:81b:0:0:0:200e]:8443", "https://[2a00:1450:4001:81b::200e]:8443/"),
        ("8.8.8.8", "https://8.8.8.8/"),
        ("https://a.example/%2e%2e/?q=a%20b", "https://a.example/%2e%2e/?q=a%20b"),
    ],
)
def test_what_is_asked(text: str, url: str | None) -> None:
    if url is None:
        with pytest.raises(TargetRefused):
            read_target(text)
    else:
        assert read_target(text).url == url


@pytest.mark.parametrize(
    ("text", "oddity", "told"),
    [
        ("https://a.example:99999/x", Oddity.PORT, "99999"),
        ("https://user:secret@a.example:99999", Oddity.PORT, "99999"),
        ("a.example:80x?q=1:2", Oddity.PORT, "80x"),
        ("https://[::1]:99999", Oddity.PORT, "99999"),
        ("::1", Oddity.HOST, "::1"),
        ("a.example:25", Oddity.PORT, "25"),
    ],
)
def test_of_a_wrong_port_the_port_is_told_and_not_the_address(text: str, oddity: Oddity, told: str) -> None:
    with pytest.raises(TargetRefused) as caught:
        read_target(text)
    assert (caught.value.oddity, caught.value.text) == (oddity, told)


def test_a_query_is_not_shown() -> None:
    assert read_target("https://a.example/login?token=abc").shown == "https://a.example/login"


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/login", "https://a.example/login"),
        ("//b.example/x", "https://b.example/x"),
        ("http://b.example", "http://b.example/"),
        ("?next=1", "https://a.example/x?next=1"),
    ],
)
def test_where_a_redirect_leads(location: str, url: str) -> None:
    assert following(read_target("https://a.example/x"), location).url == url


@pytest.mark.parametrize(
    "location",
    ["file:///etc/passwd", "http://u:p@b.example", "http://0x7f.1", "http:\\\\b.example", "//b:25/"],
)
def test_where_no_redirect_leads(location: str) -> None:
    with pytest.raises(TargetRefused):
        following(read_target("https://a.example/x"), location)
