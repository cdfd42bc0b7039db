"""Errors of services → one English sentence with the mend: for `check` and for the log, where no chat is at hand."""

from services.errors import (
    DeadlineExceeded,
    EngineRefused,
    HostSilent,
    Silence,
    StoreTooNew,
    StoreUnavailable,
    VakhtaError,
)

_SILENCES = {
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


def _store_mend(detail: str) -> str:
    """SQLite's words tell the three mistakes apart."""
    if "not a database" in detail:
        return "that is another program's file: correct `store`"
    if "unable to open" in detail:
        return "`store` must name a file in a directory that is there and that Vakhta's user may write to"
    return "look at the disk and at the rights of Vakhta's user"
