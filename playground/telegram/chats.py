"""What a bot asks and does about a chat: its data and members, leaving, pinning, reacting."""

from playground.telegram import wire
from playground.telegram.parameters import Call, Fields
from playground.telegram.refusal import Refused, bad, unmodelled
from playground.telegram.state import JSON, names
from playground.telegram.world import ADMINISTRATORS, World

REACTIONS = names(
    "❤ 👍 👎 🔥 🥰 👏 😁 🤔 🤯 😱 🤬 😢 🎉 🤩 🤮 💩 🙏 👌 🕊 🤡 🥱 🥴 😍 🐳 ❤‍🔥 🌚 🌭 💯 🤣 ⚡ 🍌 🏆 💔 🤨 😐 🍓 🍾 💋 "
    "🖕 😈 😴 😭 🤓 👻 👨‍💻 👀 🎃 🙈 😇 😨 🤝 ✍ 🤗 🫡 🎅 🎄 ☃ 💅 🤪 🗿 🆒 💘 🙉 🦄 😘 💊 🙊 😎 👾 🤷‍♂ 🤷 🤷‍♀ 😡"
)


def get_chat(world: World, call: Call) -> JSON:
    chat = world.chat_of(call)
    gifts = names("unlimited_gifts limited_gifts unique_gifts premium_subscription gifts_from_channels")
    return {
        **wire.chat(chat),
        "accent_color_id": abs(chat.id) % 7,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(gifts, False),
    }


def get_chat_member(world: World, call: Call) -> JSON:
    chat = world.chat_of(call)
    user_id = call.integer("user_id")
    if user_id <= 0:
        raise bad("invalid user_id specified")
    if user_id == world.bot.id:
        return wire.member(world.bot, "member" if chat.private else chat.bot)
    person = world.users.get(user_id)
    if person is None:
        raise bad("user not found")
    here = "member" if chat.user is person else "left"
    return wire.member(person, chat.members.get(user_id, here))


def leave_chat(world: World, call: Call) -> JSON:
    chat = world.chat_of(call)
    if chat.private:
        raise bad("chat member status can't be changed in private chats")
    world.set_bot_status(chat, "left", world.bot)
    return True


def pin_chat_message(world: World, call: Call) -> JSON:
    chat = world.chat_of(call, write=True)
    message = world.message_of(call, chat, "message to pin")
    if not chat.private and chat.bot not in ADMINISTRATORS:
        raise bad("not enough rights to manage pinned messages in the chat")
    if message.id not in chat.pinned:
        chat.pinned.append(message.id)
        world.serve(chat, world.bot, {"pinned_message": wire.message(message, reply=False)})
    return True


def unpin_chat_message(world: World, call: Call) -> JSON:
    """Without message_id the newest pin goes."""
    chat = world.chat_of(call, write=True)
    if not chat.private and chat.bot not in ADMINISTRATORS:
        raise bad("not enough rights to manage pinned messages in the chat")
    wanted = call.integer("message_id") or (chat.pinned[-1] if chat.pinned else 0)
    if wanted not in chat.pinned:
        raise bad("message to unpin not found")
    chat.pinned.remove(wanted)
    return True


def set_message_reaction(world: World, call: Call) -> JSON:
    """A bot sets at most one, of Telegram's own emoji."""
    chat = world.chat_of(call)
    message = world.message_of(call, chat, "message to react")
    value = call.json("reaction") or []
    if not isinstance(value, list):
        raise bad("expected an Array of ReactionType")
    emojis = tuple(_emoji(item) for item in value)
    if len(emojis) > 1:
        raise Refused(400, "Bad Request: REACTIONS_TOO_MANY")
    message.reactions[world.bot.id] = emojis
    world.changes.notify()
    return True


def _emoji(value: JSON) -> str:
    if not isinstance(value, dict):
        raise bad("can't parse ReactionType: expected an Object")
    fields = Fields(value, "ReactionType")
    kind = fields.required_text("type")
    if kind in ("custom_emoji", "paid"):
        raise unmodelled(f"a reaction of type {kind}")
    if kind != "emoji":
        raise bad("can't parse ReactionType: invalid reaction type specified")
    emoji = fields.required_text("emoji")
    if emoji not in REACTIONS:
        raise Refused(400, "Bad Request: REACTION_INVALID")
    return emoji
