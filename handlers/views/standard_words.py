"""The rules of the standard in words: what is not as it should be, and why that matters."""

from aiogram.utils.i18n import gettext as _
from aiogram.utils.i18n import ngettext

from handlers.views.alert_text import one_line
from handlers.views.moments import size
from handlers.words import mark
from services.domain.standards import About, Breach, Weight
from services.standards.rules.storage import is_anonymous

SYMBOL = {Weight.ERROR: "🔴", Weight.WARNING: "🟡", Weight.INFO: "⚪"}
_LONGEST = 200

_WHAT = {
    "restart_policy": mark("restart policy {policy}, not unless-stopped"),
    "healthcheck": mark("no healthcheck"),
    "memory_limit": mark("no memory limit"),
    "image_pinned": mark("image without a fixed version: {image}"),
    "container_name": mark("a made-up name"),
    "log_driver": mark("log driver {driver}, not json-file"),
    "log_compressed": mark("old logs are not compressed"),
    "named_volumes": mark("data in a directory of the server: {paths}"),
    "anonymous_volume": mark("a volume without a name: {targets}"),
    "own_network": mark("in Docker's default network"),
    "store_internal": mark("a database in an open network: {networks}"),
    "store_published": mark("a database's port is open on the server: {ports}"),
    "host_network": mark("in the network of the server itself"),
    "plain_secrets": mark("secrets in plain sight: {names}"),
    "privileged": mark("privileged"),
    "engine_socket": mark("Docker's socket inside: {path}"),
    "capabilities": mark("added capabilities: {names}"),
    "root_user": mark("no user set: root, perhaps"),
    "traefik_enable": mark("labels of Traefik without traefik.enable"),
    "traefik_rule": mark("router {router} has no rule"),
    "traefik_tls": mark("router {router} has no certresolver"),
    "traefik_network": mark("no network in common with Traefik"),
    "compose_left_over": mark("left over from docker compose run"),
    "compose_orphan": mark("service {service} is in none of {project}'s files"),
    "compose_drift": mark("made from other settings than the rest of {project}"),
    "dangling_volume": mark("left over, nobody uses it"),
    "unused_network": mark("nobody uses it"),
    "live_restore": mark("live-restore is off"),
    "engine_logs": mark("log driver by default: {driver}"),
    "engine_supported": mark("Docker {version}: no mends since {ended}"),
}
_WHY = {
    "restart_policy": mark(
        "It must come back after a crash or a reboot, and stay stopped if stopped by hand."
    ),
    "healthcheck": mark("When it hangs nobody notices: running is not working."),
    "memory_limit": mark("One leak takes the whole server down."),
    "image_pinned": mark("The next pull may bring another version, and nobody knows which one runs."),
    "image_age": mark("It lacks all security mends since."),
    "container_name": mark("At night nobody will know what it is."),
    "log_driver": mark("Its logs cannot be read from the chat, or not all of them."),
    "log_size": mark("Logs fill the disk, and then everything stands still."),
    "log_files": mark("Logs fill the disk, and then everything stands still."),
    "log_compressed": mark("Compressed they take a tenth of the room."),
    "named_volumes": mark("A named volume is found by backups and moves with its service."),
    "anonymous_volume": mark("Made anew, the container begins with an empty one."),
    "own_network": mark("There everybody reaches everybody, and names do not work."),
    "store_internal": mark("Only those that need it should reach it: a network with internal: true."),
    "store_published": mark(
        "Anybody who reaches the server can try passwords; Docker opens ports past the firewall."
    ),
    "host_network": mark("It reaches every port of the server, and nothing keeps it apart."),
    "plain_secrets": mark("Whoever may look at containers reads them. Many images take files: NAME_FILE."),
    "privileged": mark("It is root on the server in all but name."),
    "engine_socket": mark(
        "Who gets into it is root on the server. A filtering proxy lets through what is needed."
    ),
    "capabilities": mark("Each is a part of root's rights."),
    "root_user": mark("A hole in the program gives root's rights inside the container."),
    "traefik_enable": mark("Whether it is published depends on Traefik's own settings."),
    "traefik_rule": mark("Traefik will make one up from its name."),
    "traefik_tls": mark("People get a warning about the certificate, or no HTTPS at all."),
    "traefik_port": mark("Traefik takes the lowest port of the image, which may be another one tomorrow."),
    "traefik_network": mark("Traefik sees it and cannot reach it: error 504."),
    "compose_left_over": mark("It was for one time, and nobody will remove it."),
    "compose_orphan": mark("It was taken out of the project and runs on: nobody updates or watches it."),
    "compose_drift": mark("The file was changed or moved, and the container was not made anew."),
    "dangling_volume": mark(
        "It takes room and may hold data that somebody misses: look before you remove it."
    ),
    "unused_network": mark("It only confuses whoever looks."),
    "live_restore": mark("An update or restart of Docker stops all containers."),
    "engine_logs": mark("The logs of new containers cannot be read from here."),
    "engine_supported": mark("Holes that were found since stay open."),
    "dangling_images": mark("They only take room: /prune removes them."),
    "unused_images": mark("They only take room: /prune removes them."),
}


def what(breach: Breach) -> str:
    """One line, without the subject's name."""
    facts = breach.facts
    match breach.rule:
        case "image_age":
            days = int(facts["days"])
            return ngettext("image is {days} day old", "image is {days} days old", days).format(days=days)
        case "log_size" if facts["size"]:
            return _("log files of {size}, not 10m").format(size=one_line(facts["size"], _LONGEST))
        case "log_size":
            return _("no limit on the size of log files")
        case "log_files" if facts["files"]:
            return _("{files} log files kept, not 3").format(files=one_line(facts["files"], _LONGEST))
        case "log_files":
            return _("no limit on the number of log files")
        case "traefik_port" if facts["port"]:
            words = _("port {port} is none of the image's: {exposed}")
            port, exposed = (one_line(facts[name], _LONGEST) for name in ("port", "exposed"))
            return words.format(port=port, exposed=exposed)
        case "traefik_port":
            return _("Traefik is not told the port")
        case "dangling_images":
            count = int(facts["count"])
            words = ngettext(
                "{count} image without a name: {size}", "{count} images without a name: {size}", count
            )
            return words.format(count=count, size=size(int(facts["bytes"])))
        case "unused_images":
            count = int(facts["count"])
            words = ngettext("{count} unused image: {size}", "{count} unused images: {size}", count)
            return words.format(count=count, size=size(int(facts["bytes"])))
    told = {name: one_line(value, _LONGEST) or "—" for name, value in facts.items()}
    return _(_WHAT[breach.rule]).format(**told)


def why(breach: Breach) -> str:
    return _(_WHY[breach.rule])


def subject_name(about: About, name: str) -> str:
    """As it stands in lists: `redis`, `volume 0a1b2c3d4e5f`, `Docker`."""
    match about:
        case About.ENGINE:
            return "Docker"
        case About.NETWORK:
            return _("network {name}").format(name=one_line(name, 60))
        case About.VOLUME:
            shown = name[:12] if is_anonymous(name) else one_line(name, 60)
            return _("volume {name}").format(name=shown)
        case _:
            return one_line(name, 60) or "?"
