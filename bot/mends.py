"""Errors of services → one English sentence with the mend: for `check` and for the log, where no chat is at hand."""

import os
from pathlib import Path
from shlex import quote

from services.errors import (
    ApiBehindPage,
    ApiNotUnderstood,
    ApiRedirects,
    ApiRefused,
    ApiRefusedLogin,
    ApiTimeout,
    ApiTooOld,
    ApiUnreachable,
    DeadlineExceeded,
    EngineRefused,
    ForwardRefused,
    HostSilent,
    Silence,
    StoreTooNew,
    StoreUnavailable,
    VakhtaError,
)

_SILENCES = {
    Silence.QUEUED: "not tried yet: many others are before it",
    Silence.CONNECTING: "no contact yet; is the server up, and may this machine reach it?",
    Silence.UNREACHABLE: "cannot be reached; correct the address, or let this machine through the firewall",
    Silence.HOST_KEY: (
        "its host key is not the pinned one; if the server was not reinstalled, somebody may stand between. "
        "Otherwise put the new key into known_hosts (docs/ssh-key.md)"
    ),
    Silence.LOGIN: "the login was refused; put the line below into authorized_keys of that user",
    Silence.KEY_FILE: "identity_file holds no usable private key; make one as docs/ssh-key.md shows",
    Silence.KNOWN_HOSTS: "known_hosts cannot be read as such a file; make it as docs/ssh-key.md shows",
    Silence.FORWARD: (
        "the login works, but Docker's socket is not passed on; put the lines below into authorized_keys and "
        "sshd_config, correct docker_socket, and let the user use it (group docker)"
    ),
    Silence.NO_SOCKET: "there is no Docker socket at that path; start Docker, or correct the path",
    Silence.NO_PERMISSION: "the user may not use Docker's socket; add it to the group that owns the socket",
    Silence.ENGINE: "Docker does not answer as it should; see `systemctl status docker` there",
    Silence.TLS: "the certificates do not fit; renew ca, cert and key in tls, or correct their paths",
    Silence.TIMEOUT: "does not answer in time; is the server up, and may this machine reach it?",
}


def sentence(error: VakhtaError) -> str:
    """What is wrong and how to mend it; without the host's name, which the caller has said."""
    match error:
        case HostSilent(reason=reason, detail=detail):
            return _SILENCES[reason] + (f" ({detail})" if detail else "")
        case DeadlineExceeded(seconds=seconds):
            return f"did not answer within {seconds:g} s; is the server overloaded, or the line cut?"
        case EngineRefused(status=status, message=message):
            return f"Docker refused: {message} (HTTP {status})"
        case StoreTooNew(found=found, known=known):
            return (
                f"the store was written by a newer Vakhta (version {found}, this one knows {known}); "
                "run that one again, or go back to an older copy of the file"
            )
        case StoreUnavailable(detail=detail):
            return f"the store cannot be used ({detail}); {_store_mend(detail)}"
        case _:
            return str(error)


def api_sentence(error: VakhtaError, url: str) -> str:
    """What is wrong with an HTTP API, and how to mend it."""
    match error:
        case ApiRefusedLogin():
            return f"{url} refuses the login; set username and password"
        case ApiTimeout(seconds=seconds):
            return f"{url} did not answer within {seconds:g} s; is it overloaded, or the line cut?"
        case ApiUnreachable(detail=detail):
            return f"{url} cannot be reached ({detail}); correct url, or let this machine through"
        case ApiTooOld(version=version, oldest=oldest):
            return f"{url} is of version {version}; {oldest} or newer is needed"
        case ApiRedirects(where=where):
            return f"{url} redirects to {where}; correct url: it must lead to the API itself, past any login page"
        case ApiBehindPage():
            return f"{url} shows a web page; correct url: it must lead to the API itself, past any login page"
        case ApiNotUnderstood(detail=detail):
            return f"{url} does not answer as it should ({detail}); correct url: is it the API itself?"
        case ApiRefused(status=404, api="traefik"):
            return (
                f"{url} has no API; switch it on in Traefik (--api=true, and --api.insecure=true or a router to "
                "api@internal), or correct url: without /api or /dashboard at its end"
            )
        case ApiRefused(status=status, message=message):
            return f"{url} refused: {message} (HTTP {status})"
        case ForwardRefused(address=address, forbidden=True):
            return (
                f"the key may not open {address}; put the line below into authorized_keys, and see that sshd_config "
                "has AllowTcpForwarding local and no PermitOpen of its own"
            )
        case ForwardRefused(address=address):
            return f"nothing answers at {address} on that server; start it there, or correct url"
        case _:
            return sentence(error)


def _store_mend(detail: str) -> str:
    """SQLite says the same of several mistakes: a look at the path, which stands before its words, tells them apart."""
    if detail.startswith("redis at"):
        return "see that Redis runs there and takes this password, or correct store"
    path = Path(detail.rpartition(": ")[0])
    if "not a database" in detail:
        return "this is another program's file: set store to a file of its own"
    if "unable to open" in detail:
        try:
            if path.is_dir():
                return f"this is a directory: set store to a file, such as {path / 'vakhta.db'}"
            if not path.parent.exists():
                make = f'sudo install -d -m 700 -o "$USER" {quote(str(path.parent))}'
                return f"its directory is missing, create it: {make}, or set store"
            if not path.parent.is_dir():
                return f"{path.parent} is no directory: set store to a file in one"
        except PermissionError:
            pass  # told below
    return f"let the user with uid {os.geteuid()} write to the file and its directory, and see that the disk has room"


def telegram_unreachable(words: str) -> str:
    """The mend for a Bot API that cannot be reached; `words`: those of the network's error."""
    if "certificate" in words.lower():
        return (
            "its certificate is not trusted: if a proxy opens the traffic, let SSL_CERT_FILE name a file with "
            "the proxy's CA; otherwise correct telegram.api_url, or install ca-certificates"
        )
    return "see telegram.api_url and telegram.proxy, and whether this machine may go out"
