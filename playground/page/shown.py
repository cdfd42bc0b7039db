"""From what the stand-in remembers to what a screen shows: the Bot API's JSON, with what a bot is not told."""

from playground.page.about import About
from playground.telegram import bots, wire
from playground.telegram.state import JSON, Chat, Message, User
from playground.telegram.world import PRESENT, World


def people(world: World, about: About) -> list[JSON]:
    """Everybody who has a private chat, in the order they came."""
    return [
        {**wire.user(chat.user), "role": about.roles.get(chat.user.id, "stranger")}
        for chat in world.chats.values()
        if chat.user
    ]


def chat(place: Chat, bot: User) -> dict[str, JSON]:
    """A chat without its messages. actions: how many times the bot has said that it is busy there."""
    members: list[JSON] = [number for number, status in place.members.items() if status in PRESENT]
    return {
        **wire.chat(place),
        "title": bot.first_name if place.private else place.title,
        "members": [place.id] if place.private else members,
        "topics": {str(number): title for number, title in place.topics.items()},
        "bot": place.bot,
        "actions": len(place.actions),
        "drafts": [
            {
                "id": number,
                "text": body.text,
                "entities": [wire.entity(each) for each in body.entities],
                "stoppable": number in place.stoppable,
            }
            for number, body in place.drafts.items()
        ],
        "pinned": list(place.pinned),
    }


def message(record: Message) -> dict[str, JSON]:
    """reactions: emoji → who. below: what hangs below the input field, force_reply or a keyboard's labels."""
    if record.deleted:
        return {"message_id": record.id, "chat": {"id": record.chat.id}, "deleted": True}
    reactions: dict[str, JSON] = {}
    for person, emojis in record.reactions.items():
        for emoji in emojis:
            kept = reactions.setdefault(emoji, [])
            assert isinstance(kept, list)
            kept.append(person)
    shown: dict[str, JSON] = {**wire.message(record), "silent": record.silent, "reactions": reactions}
    if record.keyboard and not record.keyboard.inline:
        labels: list[JSON] = [[key.text for key in row] for row in record.keyboard.rows]
        shown["below"] = {"kind": record.keyboard.kind, "rows": labels}
    return shown


def commands(world: World, person: User, place: Chat) -> list[JSON]:
    """The menu that the bot has set for this person there."""
    return [
        {"command": each.command, "description": each.description} for each in bots.menu(world, person, place)
    ]
