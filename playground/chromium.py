"""A real Chromium without a window that shows the chat page, driven over its DevTools protocol."""

import asyncio
import base64
import json
import shutil
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any, Self, TypeVar

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
_PATIENCE = 60.0  # seconds, of a machine that has much else to do
_QUALITY = 85
# Where to click, null when there is nothing; from now on document.hit tells whether a click has met it.
_AIM = """(selector, text) => {
    const fits = (node) => !text || node.innerText.trim() === text;
    const node = [...document.querySelectorAll(selector)].filter(fits).at(-1);
    if (!node) return null;
    node.scrollIntoView({ block: "center" });
    document.hit = false;
    document.addEventListener("click", (event) => {
        const met = event.target.closest(selector);
        document.hit = Boolean(met && fits(met));
    }, { capture: true, once: true });
    const at = node.getBoundingClientRect();
    return [at.x + at.width / 2, at.y + at.height / 2];
}"""
PHONE, DESKTOP = (390, 844), (1280, 800)


Kind = TypeVar("Kind", bound="Line")


class BrowserError(AssertionError):
    """The page threw, or what was waited for did not come."""


class Line:
    """To the browser, or to one page in it: orders out, answers and news in."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}

    async def listen(self) -> None:
        async for message in self._socket:
            told = json.loads(message.data)
            if future := self._waiting.pop(told.get("id", 0), None):
                if "error" in told:
                    future.set_exception(BrowserError(told["error"]["message"]))
                else:
                    future.set_result(told["result"])
            else:
                self.note(told.get("method", ""), told.get("params", {}))

    def note(self, method: str, facts: dict[str, Any]) -> None:
        """News that nobody has asked for."""

    async def call(self, method: str, **facts: Any) -> Any:
        number = next(self._numbers)
        future = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": facts})
        async with asyncio.timeout(_PATIENCE):
            return await future


class Tab(Line):
    """One page. complaints: what it has written to the console as a warning or an error, and what it threw."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        super().__init__(socket)
        self.complaints: list[str] = []

    def note(self, method: str, facts: dict[str, Any]) -> None:
        if method == "Runtime.exceptionThrown":
            details = facts["exceptionDetails"]
            self.complaints.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Runtime.consoleAPICalled" and facts["type"] in ("error", "warning", "assert"):
            said = [str(each.get("value", each.get("description"))) for each in facts["args"]]
            self.complaints.append(" ".join(said))
        elif method == "Log.entryAdded" and facts["entry"]["level"] in ("error", "warning"):
            entry = facts["entry"]
            self.complaints.append(f"{entry['text']} {entry.get('url', '')}")

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
        await self.call(
            "Emulation.setFocusEmulationEnabled", enabled=True
        )  # of several tabs one has the focus
        await self.dress(dark=dark)
        agent = (await self.value("navigator.userAgent")).replace("Headless", "")
        await self.call("Emulation.setUserAgentOverride", userAgent=agent, acceptLanguage=language)
        await self.call("Page.navigate", url=url)
        await self.until("document.querySelector('#people .person')", "the page")

    async def dress(self, *, dark: bool) -> None:
        """As the system of who looks: dark or light. Nothing moves."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        calm = {"name": "prefers-reduced-motion", "value": "reduce"}
        await self.call("Emulation.setEmulatedMedia", features=[scheme, calm])

    async def value(self, expression: str) -> Any:
        """Of JavaScript; a promise is waited for."""
        found = await self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        if "exceptionDetails" in found:
            details = found["exceptionDetails"]
            raise BrowserError(details.get("exception", {}).get("description") or details["text"])
        return found["result"].get("value")

    async def until(self, condition: str, what: str = "", patience: float = _PATIENCE) -> Any:
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
            raise BrowserError(f"not within {patience} s: {what or condition}\n{await self.text()}") from None

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

    async def say(self, text: str) -> None:
        """Writes it into the message field, and sends it."""
        await self.value("document.querySelector('#input').focus()")
        await self.type(text)
        await self.press("Escape")  # the menu
        await self.press("Enter")

    async def shows(self, text: str, patience: float = _PATIENCE) -> None:
        """Once it is to be read among the messages."""
        found = f"document.querySelector('#messages').innerText.includes({json.dumps(text)})"
        await self.until(found, text, patience)

    async def click(self, selector: str, text: str = "") -> None:
        """The last thing on the page that fits the selector and has exactly this text: where it is, with a mouse.

        When it moves away from under the mouse, again.
        """
        aim = f"({_AIM})({json.dumps(selector)}, {json.dumps(text)})"
        try:
            async with asyncio.timeout(_PATIENCE):
                hit = False
                while not hit:
                    if at := await self.value(aim):
                        for kind in ("mousePressed", "mouseReleased"):
                            await self.call(
                                "Input.dispatchMouseEvent", type=kind, x=at[0], y=at[1],
                                button="left", clickCount=1,
                            )  # fmt: skip
                        hit = await self.value("document.hit")
                    await asyncio.sleep(0 if hit else 0.05)
        except TimeoutError:
            raise BrowserError(f"nothing to click: {selector} {text!r}\n{await self.text()}") from None

    async def text(self) -> str:
        """What is to be read on the page."""
        return str(await self.value("document.body.innerText"))

    async def picture(self, kind: str = "png") -> bytes:
        """What is to be seen; kind: png, webp or jpeg."""
        more = {} if kind == "png" else {"quality": _QUALITY}
        shot = await self.call("Page.captureScreenshot", format=kind, **more)
        return base64.b64decode(shot["data"])


class Chromium:
    """A browser without a window: a context, with a profile of its own in `directory`. Raises BrowserError."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._stack = ExitStack()
        self._door = ""  # where it takes orders: HOST:PORT/PATH of a WebSocket

    def __enter__(self) -> Self:
        program = shutil.which("chromium")
        if not program:
            raise BrowserError("Debian's package chromium is not installed")
        with ExitStack() as stack:
            process = subprocess.Popen(  # noqa: S603 - no shell, and nobody else's words
                [program, *_FLAGS, f"--user-data-dir={self._directory}", "about:blank"],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            stack.callback(_end, process)
            self._door = self._told(process)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def _told(self, process: subprocess.Popen[bytes]) -> str:
        file = self._directory / "DevToolsActivePort"
        late = time.monotonic() + _PATIENCE
        while not (file.exists() and file.read_text().count("\n")):
            if time.monotonic() > late or process.poll() is not None:
                raise BrowserError(f"Chromium does not come up (exit code {process.returncode})")
            time.sleep(0.05)
        port, path = file.read_text().splitlines()
        return f"127.0.0.1:{port}{path}"

    @asynccontextmanager
    async def tab(self) -> AsyncIterator[Tab]:
        """A window of somebody else: it shares neither storage nor cookies with another tab."""
        async with (
            aiohttp.ClientSession() as session,
            _listening(Line, session, f"ws://{self._door}") as browser,
        ):
            context = (await browser.call("Target.createBrowserContext"))["browserContextId"]
            target = await browser.call("Target.createTarget", url="about:blank", browserContextId=context)
            page = f"ws://{self._door.partition('/')[0]}/devtools/page/{target['targetId']}"
            try:
                async with _listening(Tab, session, page) as tab:
                    yield tab
            finally:
                await browser.call("Target.disposeBrowserContext", browserContextId=context)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@asynccontextmanager
async def _listening(kind: type[Kind], session: aiohttp.ClientSession, url: str) -> AsyncIterator[Kind]:
    """What fails inside comes out as it is, not in a group."""
    failure: Exception | None = None
    async with session.ws_connect(url, max_msg_size=0) as socket, asyncio.TaskGroup() as group:
        line = kind(socket)
        listening = group.create_task(line.listen())
        try:
            yield line
        except Exception as error:  # noqa: BLE001 - handed on below: the group would wrap it
            failure = error
        finally:
            listening.cancel()
    if failure:
        raise failure
