"""A real Chromium without a window, driven over its DevTools protocol."""

import asyncio
import base64
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp

_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
    "--mute-audio", "--remote-debugging-port=0",
)  # fmt: skip
_KEYS = {
    "Enter": 13, "Tab": 9, "Escape": 27, "ArrowUp": 38, "ArrowDown": 40, "ArrowLeft": 37, "ArrowRight": 39,
    "Home": 36, "End": 35, " ": 32,
}  # fmt: skip
_PATIENCE = 30.0
PHONE, DESKTOP = (390, 844), (1280, 800)


class BrowserError(AssertionError):
    """The page threw, or what was waited for did not come."""


@dataclass
class Tab:
    """One page. complaints: what it has written to the console as a warning or an error, and what it threw."""

    _socket: aiohttp.ClientWebSocketResponse
    complaints: list[str] = field(default_factory=list)
    _numbers: "count[int]" = field(default_factory=lambda: count(1))
    _waiting: dict[int, "asyncio.Future[Any]"] = field(default_factory=dict)

    async def listen(self) -> None:
        async for message in self._socket:
            told = json.loads(message.data)
            if future := self._waiting.pop(told.get("id", 0), None):
                if "error" in told:
                    future.set_exception(BrowserError(told["error"]["message"]))
                else:
                    future.set_result(told["result"])
            else:
                self._note(told.get("method", ""), told.get("params", {}))

    def _note(self, method: str, facts: dict[str, Any]) -> None:
        if method == "Runtime.exceptionThrown":
            details = facts["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Runtime.consoleAPICalled" and facts["type"] in ("error", "warning", "assert"):
            said = [str(each.get("value", each.get("description"))) for each in facts["args"]]
            self.complaints.append(" ".join(said))
        elif method == "Log.entryAdded" and facts["entry"]["level"] in ("error", "warning"):
            entry = facts["entry"]
            self.complaints.append(f"{entry['text']} {entry.get('url', '')}")

    async def call(self, method: str, **facts: Any) -> Any:
        number = next(self._numbers)
        future = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": facts})
        async with asyncio.timeout(_PATIENCE):
            return await future

    async def open(
        self, url: str, size: tuple[int, int] = DESKTOP, *, dark: bool = False, language: str = "en"
    ) -> None:
        """Of that size; a narrow one is a phone's, which is touched."""
        width, height = size
        phone = width < 600
        for domain in ("Page", "Runtime", "Log"):
            await self.call(f"{domain}.enable")
        await self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=2 if phone else 1, mobile=phone,
        )  # fmt: skip
        await self.call("Emulation.setTouchEmulationEnabled", enabled=phone)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme])
        agent = (await self.value("navigator.userAgent")).replace("Headless", "")
        await self.call("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage=language)
        await self.call("Page.navigate", url=url)
        await self.until("document.querySelector('#people .person')", "the page")

    async def value(self, expression: str) -> Any:
        """Of JavaScript; a promise is waited for."""
        found = await self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in found:
            details = found["exceptionDetails"]
            raise BrowserError(details.get("exception", {}).get("description") or details["text"])
        return found["result"].get("value")

    async def until(self, condition: str, what: str = "", patience: float = 20.0) -> Any:
        """Until the JavaScript expression is true."""
        found = None
        try:
            async with asyncio.timeout(patience):
                while not found:
                    try:
                        found = await self.value(f"Boolean({condition})")
                    except BrowserError as error:
                        if "Execution context" not in str(error) and "navigated" not in str(error):
                            raise
                    await asyncio.sleep(0 if found else 0.05)
        except TimeoutError:
            text = await self.value("document.body.innerText")
            raise BrowserError(f"not within {patience} s: {what or condition}\n{text}") from None

    async def press(self, key: str, *, shift: bool = False) -> None:
        """One key, as from a keyboard."""
        text = {"Enter": "\r", " ": " "}.get(key, "" if key in _KEYS else key)
        facts: dict[str, Any] = {"key": key, "windowsVirtualKeyCode": _KEYS.get(key) or ord(key.upper())}
        facts |= {"code": key if key in _KEYS else "", "modifiers": 8 if shift else 0}
        await self.call("Input.dispatchKeyEvent", type="keyDown", text=text, **facts)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **facts)

    async def type(self, text: str) -> None:
        """Into what has the focus."""
        await self.call("Input.insertText", text=text)

    async def click(self, selector: str, text: str = "") -> None:
        """The last thing on the page that fits the selector and has exactly this text: where it is, with a mouse."""
        fits = f"e => !{json.dumps(text)} || e.innerText.trim() === {json.dumps(text)}"
        find = f"[...document.querySelectorAll({json.dumps(selector)})].filter({fits}).at(-1)"
        await self.until(find, f"{selector} {text!r}")
        at = await self.value(
            f"(() => {{ const e = {find}; e.scrollIntoView({{block: 'center'}});"
            " const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            await self.call(
                "Input.dispatchMouseEvent", type=kind, x=at[0], y=at[1], button="left", clickCount=1
            )

    async def picture(self, path: Path) -> None:
        shot = await self.call("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(shot["data"]))


class Chromium:
    """An asynchronous context with a profile of its own in `directory`."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._stack = AsyncExitStack()
        self._address = ""
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "Chromium":
        program = shutil.which("chromium")
        assert program, "Debian's package chromium is not installed"
        process = await asyncio.create_subprocess_exec(
            program, *_FLAGS, f"--user-data-dir={self._directory}", "about:blank",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        self._stack.push_async_callback(_end, process)
        self._session = await self._stack.enter_async_context(aiohttp.ClientSession())
        port = self._directory / "DevToolsActivePort"
        async with asyncio.timeout(_PATIENCE):
            while not port.exists() or "\n" not in port.read_text():
                await asyncio.sleep(0.05)
        self._address = f"http://127.0.0.1:{port.read_text().splitlines()[0]}"
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    @asynccontextmanager
    async def tab(self) -> AsyncIterator[Tab]:
        assert self._session
        failure: Exception | None = None
        async with self._session.put(f"{self._address}/json/new?about:blank") as answer:
            target = await answer.json(content_type=None)
        async with (
            self._session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket,
            asyncio.TaskGroup() as group,
        ):
            tab = Tab(socket)
            listening = group.create_task(tab.listen())
            try:
                yield tab
            except Exception as error:  # noqa: BLE001 - handed on below: the group would wrap it
                failure = error
            finally:
                listening.cancel()
                await self._session.put(f"{self._address}/json/close/{target['id']}")
        if failure:
            raise failure


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    await process.wait()
