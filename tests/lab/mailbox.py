"""A server that takes letters, on loopback: `async with Mailbox() as mailbox: … mailbox.letters`. It sends none on."""

import asyncio
import email
import email.policy
from email.message import EmailMessage
from typing import Self


class Mailbox:
    """As much of SMTP as a sender needs: no TLS, no login. address: HOST:PORT."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []

    @property
    def address(self) -> str:
        host, port = self._server.sockets[0].getsockname()
        return f"{host}:{port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mailbox\r\n")
        while line := await reader.readline():
            match line[:4].strip().upper():
                case b"DATA":
                    writer.write(b"354 go on\r\n")
                    letter = await reader.readuntil(b"\r\n.\r\n")
                    self.letters.append(email.message_from_bytes(letter, policy=email.policy.default))
                    writer.write(b"250 taken\r\n")
                case b"QUIT":
                    writer.write(b"221 bye\r\n")
                    break
                case _:
                    writer.write(b"250 mailbox\r\n")
        writer.close()
