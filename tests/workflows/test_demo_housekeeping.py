"""What the demo shows of the standard, of the projects and of the disks: the servers are simulated, the bot is real."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from playground.engine.programs.pen import DATABASE_PASSWORD
from tests.bots import AIGERIM, STUDENT
from tests.demos import Demo, demo
from tests.workflows.test_demo_outside import shown

pytestmark = pytest.mark.long(busy=True)

_JOINER = "\N{WORD JOINER}"
# What Aigerim says or presses, and what the answer has; a button is one of the answer before.
Step = tuple[str, tuple[str, ...]]
STANDARDS: dict[str, tuple[Step, ...]] = {
    "en": (
        (
            "/standards",
            (
                "🔴 Standard: 94 of 100 · 3 errors\n",
                "🔴 server2: 91 · ",
                "· a week ago 84\n",
                "🟡 server1: 98 · ",
            ),
        ),
        (
            "dozzle ▸",
            (
                "🔴 image without a fixed version: amir20/dozzle:latest\n",
                "image: amir20/dozzle@sha256:",
                "Agreed to: Docker's socket inside: /var/run/docker.sock: it reads the logs there",
            ),
        ),
        ("‹ server2", ("🔴 Docker 63: Docker 20.10.24: no mends since", "4 images without a name: 2.7 GB")),
        (
            "/standards directus",
            ("🟡 directus on server2: 90 of 100\n", "secrets in plain sight: DB_PASSWORD, SECRET\n"),
        ),
        ("/standards pgadmin", ("no healthcheck", "no memory limit", "memory: 512M")),
    ),
    "ru": (
        (
            "/standards",
            (
                "🔴 Стандарт: 94 из 100 · 3 ошибки\n",
                "🔴 server2: 91 · ",
                "· неделю назад 84\n",
                "🟡 server1: 98 · ",
            ),
        ),
        (
            "dozzle ▸",
            (
                "🔴 образ без точной версии: amir20/dozzle:latest\n",
                "Согласовано: внутри сокет Docker: /var/run/docker.sock: читает через него логи",
            ),
        ),
        ("‹ server2", ("🔴 Docker 63: Docker 20.10.24: исправлений нет с", "4 образа без имени: 2,7 ГБ")),
        (
            "/standards directus",
            ("🟡 directus · server2: 90 из 100\n", "секреты открытым текстом: DB_PASSWORD, SECRET\n"),
        ),
    ),
}
DISKS: dict[str, tuple[Step, ...]] = {
    "en": (
        ("/df", ("server1\nimages: 8 · 3 GB\n", "volumes: 6 · 6.9 GB\n", "can go: 3.1 GB")),
        (
            "/images server2",
            ("directus/directus:11.5 · 742 MB · ", "directus/directus:11.4 · 736 MB · ", "unused"),
        ),
        (
            "/prune server2",
            ("Remove 6 things from server2, 3.1 GB?\n", "Stays: 1 volume without a name · 612 MB; 3 unused"),
        ),
        ("+ volumes", ("Remove 7 things from server2, 3.7 GB?\n", "1 volume without a name · 612 MB\n")),
        ("Yes, remove", ("✅ server2: 7 of 7 removed, 3.7 GB · 👤 Aigerim",)),
        ("/prune server2", ("🟢 server2: nothing to clear away.\n\nStays: 3 unused images · 1.3 GB.",)),
        # One without a name is protected.
        ("/df server2", ("images: 9 · 3.2 GB\n", "volumes: 5 · 6.3 GB\n", "build cache: 0 · ")),
        ("/events server2", ("image deleted",)),
    ),
    "ru": (
        ("/df", ("server1\nобразы: 8 · 3 ГБ\n", "тома: 6 · 6,9 ГБ\n", "можно убрать: 3,1 ГБ")),
        ("/images server2", ("directus/directus:11.5 · 742 МБ · ", "не используется")),
        (
            "/prune server2",
            ("Удалить с server2 6 объектов, 3,1 ГБ?\n", "Останется: 1 том без имени · 612 МБ; 3 неисп"),
        ),
        ("+ тома", ("Удалить с server2 7 объектов, 3,7 ГБ?\n",)),
        ("Да, удалить", ("✅ server2: удалено 7 из 7, 3,7 ГБ · 👤 Aigerim",)),
        ("/prune server2", ("🟢 server2: убирать нечего.",)),
        ("/df server2", ("тома: 5 · 6,3 ГБ\n",)),
    ),
}

PROJECTS: dict[str, tuple[Step, ...]] = {
    "en": (
        ("/compose", ("🟢 automation · server1: 5 of 5 running", "🟢 platform · server2: 6 of 6 running")),
        ("🟢 platform", ("🟢 database: running\n🟢 directus: running\n",)),
        (
            "Restart",
            (
                "Restart project platform on server2?\n6 containers, one after another: database → directus → ",
                "Protected: database, traefik.",
            ),
        ),
        ("Cancel", ("Not restarted: platform · server2",)),
    ),
    "ru": (
        ("/compose", ("🟢 automation · server1: работает 5 из 5", "🟢 platform · server2: работает 6 из 6")),
        ("🟢 platform", ("🟢 database: работает\n🟢 directus: работает\n",)),
        ("Перезапуск", ("server2: перезапустить проект platform?\n6 контейнеров по очереди: database → ",)),
        ("Отмена", ("Перезапуск отменён: platform · server2",)),
    ),
}


async def walk(running: Demo, steps: tuple[Step, ...]) -> None:
    answer: dict[str, Any] = {}
    for step, wanted in steps:
        if step.startswith("/"):
            await running.act("say", person=AIGERIM, chat=AIGERIM, text=step)
        else:
            await running.press(AIGERIM, answer, step)
        answer = await running.message(AIGERIM, has(wanted))


def has(wanted: tuple[str, ...]) -> Callable[[str], bool]:
    return lambda text: all(part in text.replace(_JOINER, "") for part in wanted)


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_the_standard_the_projects_and_the_disks(language: str) -> None:
    async with demo("--trouble", "600", "--language", language) as running:
        # On a busy machine the first answer may lack a server that is still being connected.
        await shown(running, AIGERIM, "/standards", STANDARDS[language][0][1][1])
        await walk(running, STANDARDS[language])
        await walk(running, PROJECTS[language])
        await walk(running, DISKS[language])


async def test_no_secret_leaves_in_the_file_and_a_viewer_sees_what_is_theirs() -> None:
    async with demo("--trouble", "600") as running:
        await shown(running, STUDENT, "/standards", "secrets in plain sight")
        overview = await running.message(
            STUDENT, lambda text: text.startswith("🟡 Standard on server2: 90 of 100")
        )
        assert not [name for name in ("postgres", "dozzle", "server1") if name in overview["text"]]
        await shown(running, AIGERIM, "/standards", "🔴 server2: 91 · ")
        overview = await running.message(AIGERIM, lambda text: "🔴 server2" in text)
        await running.press(AIGERIM, overview, "JSON")
        file = (await running.message(AIGERIM, lambda text: text == "🔴 Standard: 94 of 100 · 3 errors"))[
            "document"
        ]
        async with running.session.get(f"{running.url}/files/{file['file_id']}") as content:
            text = await content.text()
        assert DATABASE_PASSWORD not in text
        hosts = {each["host"]: each for each in json.loads(text)["hosts"]}
        rules = {breach["rule"] for one in hosts["server2"]["subjects"] for breach in one["breaches"]}
        assert {"image_pinned", "plain_secrets", "memory_limit", "log_size", "dangling_volume"} <= rules
