"""One message of every kind, sent by a bot over the Bot API: what the page must be able to show."""

import json
import struct
import zlib
from typing import Any

import aiohttp

from playground.telegram import Telegram

FORMATTED = (
    "<b>Bold</b>, <i>italic</i>, <u>underlined</u>, <s>struck</s>, <code>code</code>, "
    "<tg-spoiler>a spoiler</tg-spoiler>, <a href='https://example.org/page'>a link</a>, https://example.org, "
    "/status, @somebody and <b>bold with <i>italic</i> in it</b>.\n"
    "<pre><code class='language-python'>def wide(): return 'a line that is much wider than any phone and must be "
    "scrolled to be read to its end, which is here'</code></pre>\n"
    "<blockquote>A quote.</blockquote>\n"
    "<blockquote expandable>traefik, dozzle, portainer,\npostgres,\nredis,\nn8n,\nvakhta, directus</blockquote>\n"
    "The end."
)
KEYBOARD = {
    "inline_keyboard": [
        [
            {"text": "Cancel", "callback_data": "no"},
            {"text": "Yes, restart", "callback_data": "yes", "style": "danger"},
        ],
        [
            {"text": "Success", "callback_data": "s", "style": "success"},
            {"text": "Primary", "callback_data": "p", "style": "primary"},
            {"text": "Disabled", "disabled": {}},
        ],
        [{"text": "Copy the id", "copy_text": {"text": "4f2a"}}, {"text": "Dozzle", "url": "https://example.org/logs"}],
    ]
}  # fmt: skip
LOG = "\n".join(f"2026-11-25T10:00:{n % 60:02} INFO line {n}" for n in range(400))


async def call(telegram: Telegram, method: str, **facts: Any) -> Any:
    """One call of the Bot API; bytes become an upload of their name."""
    form = aiohttp.FormData(quote_fields=False)
    for name, value in facts.items():
        if isinstance(value, tuple):
            form.add_field(name, value[1], filename=value[0])
        else:
            form.add_field(name, value if isinstance(value, str) else json.dumps(value))
    async with aiohttp.ClientSession() as session:
        url = f"{telegram.url}/bot{telegram.token}/{method}"
        async with session.post(url, data=form) as answer:
            found = await answer.json()
    assert found["ok"], found
    return found["result"]


async def hang(telegram: Telegram, chat: int) -> None:
    """All of them into the chat."""
    sent = await call(telegram, "sendMessage", chat_id=chat, text=FORMATTED, parse_mode="HTML")
    await call(
        telegram, "sendMessage", chat_id=chat, text="Restart directus on server2?", reply_markup=KEYBOARD,
        reply_parameters={"message_id": sent["message_id"]},
    )  # fmt: skip
    await call(
        telegram, "sendDocument", chat_id=chat, document=("directus.log", LOG.encode()), caption="400 lines",
        disable_notification=True,
    )  # fmt: skip
    await call(telegram, "sendPhoto", chat_id=chat, photo=("graph.png", png(320, 160)), caption="A graph")
    await call(
        telegram, "setMessageReaction", chat_id=chat, message_id=sent["message_id"],
        reaction=[{"type": "emoji", "emoji": "👀"}],
    )  # fmt: skip


def png(width: int, height: int) -> bytes:
    """A picture that fades from one side to the other."""
    rows = b"".join(
        b"\0" + bytes(part for x in range(width) for part in (30, 90 + x * 120 // width, 130))
        for _ in range(height)
    )

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
