"""The people of the demo, and where they meet."""

from dataclasses import dataclass

from playground.telegram.telegram import Telegram

OPS = -1001234567890
ALERTS, DOMAINS = 5, 11  # topics
TOPICS = {
    "en": {ALERTS: "Alerts", DOMAINS: "Domains", 9: "Releases"},
    "ru": {ALERTS: "Алерты", DOMAINS: "Домены", 9: "Релизы"},
}


@dataclass(frozen=True, slots=True)
class Figure:
    """role: as in the settings; empty for a stranger, whom the bot does not know."""

    id: int
    name: str
    role: str
    scope: tuple[str, ...] = ("*/*",)


TEAM = (
    Figure(1001, "Aigerim", "admin"),
    Figure(1002, "Dias", "operator"),
    Figure(1003, "Student", "viewer", ("*/directus",)),
    Figure(6666, "Stranger", ""),
)


def assemble(telegram: Telegram, language: str) -> None:
    """Everybody has opened the private chat; the group is the team's own. language: of their apps and topics."""
    people = [telegram.person(each.id, each.name, language_code=language) for each in TEAM]
    team = [person for person, each in zip(people, TEAM, strict=True) if each.role]
    telegram.group(
        OPS, "Ops", members=team[1:], admins=team[:1], bot="administrator", topics=TOPICS[language]
    )
