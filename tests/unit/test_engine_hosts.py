"""From addresses to links, and the key recipe."""

from pathlib import Path

import asyncssh
import pytest

from services.fleet.hosts import HostAddress, link_to
from services.fleet.link import TlsFiles, TlsLink, UnixLink
from services.fleet.tunnel import SshLink, authorized_keys_line

FILES = ("/run/secrets/ssh_key", "/etc/vakhta/known_hosts")
TLS = TlsFiles("ca.pem", "cert.pem", "key.pem")


def test_links_by_address() -> None:
    unix = link_to(HostAddress("server1", "unix:///var/run/docker.sock"))
    assert isinstance(unix, UnixLink)
    assert unix.base_url == "unix:///var/run/docker.sock"
    assert isinstance(link_to(HostAddress("server2", "ssh://vakhta@203.0.113.2", *FILES)), SshLink)
    tcp = link_to(HostAddress("server3", "tcp://[2001:db8::1]", tls=TLS))
    assert isinstance(tcp, TlsLink)
    assert tcp.base_url == "https://[2001:db8::1]:2376"


@pytest.mark.parametrize(
    ("host", "words"),
    [
        (HostAddress("h", "ssh://vakhta@203.0.113.2"), "known_hosts"),
        (HostAddress("h", "ssh://203.0.113.2", *FILES), "user@"),
        (HostAddress("h", "tcp://203.0.113.2:2375"), "tls"),
        (HostAddress("h", "http://203.0.113.2"), "unix:///"),
        (HostAddress("h", "unix://"), "unix:///"),
        (HostAddress("h", "/var/run/docker.sock"), "unix:///"),
    ],
)
def test_addresses_that_cannot_be_used(host: HostAddress, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        link_to(host)


@pytest.mark.parametrize("kind", ["ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256"])
def test_the_line_for_authorized_keys(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "key"
    key = asyncssh.generate_private_key(kind)
    key.write_private_key(path)
    public = key.export_public_key().decode().split()
    line = authorized_keys_line(str(path), "/run/user/1000/docker.sock")
    assert line.split()[:3] == [
        'restrict,port-forwarding,permitopen="[/run/user/1000/docker.sock]:*",'
        'permitlisten="localhost:1",command="/bin/false"',
        *public[:2],
    ]
    assert "\n" not in line
    more = authorized_keys_line(str(path), "/s", ["127.0.0.1:8080", "[::1]:80"]).split()[0]
    assert more.split(",")[2:5] == [
        'permitopen="[/s]:*"',
        'permitopen="127.0.0.1:8080"',
        'permitopen="[::1]:80"',
    ]


def test_no_line_without_a_usable_key(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(locked, "pkcs8-pem", passphrase="secret")
    with pytest.raises(ValueError, match="assphrase"):
        authorized_keys_line(str(locked), "/var/run/docker.sock")
    with pytest.raises(OSError, match="nowhere"):
        authorized_keys_line("/nowhere", "/var/run/docker.sock")
