"""Pictures of the chat for the README: `make pictures`. The demo plays its story to a browser without a window.

python -m playground.pictures DIRECTORY puts them below it, in a directory for each language. Clocks and log lines are
of the day, everything else is the same each time.
"""

import argparse
import asyncio
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playground.cast import ALERTS, OPS, TEAM
from playground.chromium import PHONE, BrowserError, Chromium, Tab
from playground.demo import demo

LANGUAGES = ("en", "ru")
DESK = (1280, 900)
KIND = "webp"
MOST = 150_000  # bytes of one picture
FONTS = {"Roboto": "fonts-roboto-unhinted", "Noto Color Emoji": "fonts-noto-color-emoji"}
_LETTERS = ", ".join(f'"{family}"' for family in FONTS)  # as on most phones, whatever this machine prefers
_AIGERIM, _DIAS = TEAM[0].id, TEAM[1].id
_LAST = "document.querySelector('#messages article:last-of-type')"
_BUSY = "document.querySelector('.toast, .typing, [aria-busy=true]')"


def main() -> int:
    parser = argparse.ArgumentParser(prog="playground.pictures", description=__doc__)
    parser.add_argument("directory", type=Path)
    directory = parser.parse_args().directory
    try:
        _check_fonts()
        with (
            tempfile.TemporaryDirectory(prefix="vakhta-pictures-") as profile,
            Chromium(Path(profile)) as browser,
        ):
            for language in LANGUAGES:
                for name, picture in asyncio.run(story(browser, language)).items():
                    _keep(directory / language / f"{name}.{KIND}", picture)
    except BrowserError as error:
        sys.stderr.write(f"!!  {error}\n")
        return 1
    return 0


async def story(browser: Chromium, language: str) -> dict[str, bytes]:
    """Name → picture."""
    taken = {}
    there = f"chat={OPS}&topic={ALERTS}"
    async with (
        demo("--trouble", "3", "--language", language) as (url, _),
        browser.tab() as phone,
        browser.tab() as desk,
    ):
        await phone.open(f"{url}#as={_DIAS}&{there}", PHONE, language=language)
        await desk.open(f"{url}#as={_AIGERIM}&{there}", DESK, language=language)
        await phone.shows("🔥")
        taken["alert"] = await _picture(phone, dark=True)

        await _go(phone, f"as={_DIAS}&chat={_DIAS}")
        await _ask(phone, "/status")
        taken["status"] = await _picture(phone)
        await _ask(phone, "/routes")
        taken["routes"] = await _picture(phone)
        await _ask(phone, "/top")
        taken["top"] = await _picture(phone)
        await _ask(phone, "/chart cpu 24h")
        taken["chart"] = await _picture(phone)
        await _ask(phone, "/standards pgadmin")
        taken["standards"] = await _picture(phone)
        await _ask(phone, "/compose platform")
        taken["compose"] = await _picture(phone)
        await _go(phone, f"as={_AIGERIM}&chat={_AIGERIM}")
        await _ask(phone, "/menu")
        taken["menu"] = await _picture(phone, dark=True)
        await _ask(phone, "/grep heap|memory 30m -i")
        taken["grep"] = await _picture(phone, dark=True)

        await _go(phone, f"as={_DIAS}&{there}")
        await phone.value(f"{_LAST}.querySelectorAll('.keys-below button')[0].click()")
        await phone.shows("👤")
        await phone.value(f"{_LAST}.querySelectorAll('.keys-below button')[3].click()")
        await phone.until("document.querySelector('.key.danger')")
        taken["restart"] = await _picture(phone)
        await phone.click(".key.danger")
        await desk.shows("✅")
        await desk.until("!/[🔥⏳]/u.test(document.querySelector('#messages').innerText)", "the end")
        await _ask(desk, "/events server2")
        taken["desk"] = await _picture(desk)
    return taken


async def _go(tab: Tab, place: str) -> None:
    await tab.value(f"location.hash = '#{place}'")
    await tab.until(f"location.hash.startsWith('#{place}')")


async def _ask(tab: Tab, command: str) -> None:
    """Until it is answered, with buttons."""
    before = await tab.value("document.querySelectorAll('#messages article').length")
    await tab.say(command)
    await tab.until(
        f"document.querySelectorAll('#messages article').length >= {before + 2} && {_LAST}.querySelector('.keys-below')"
    )


async def _picture(tab: Tab, *, dark: bool = False) -> bytes:
    await tab.dress(dark=dark)
    await tab.call("Emulation.setScrollbarsHidden", hidden=True)
    await tab.value(f"document.documentElement.style.setProperty('--text', {_LETTERS!r})")
    await tab.value("document.activeElement.blur()")
    await tab.until(f"!{_BUSY} && [...document.images].every((image) => image.complete)")
    await tab.value("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return await tab.picture(KIND)


def _keep(path: Path, picture: bytes) -> None:
    if len(picture) > MOST:
        raise BrowserError(f"{path} would have {len(picture)} bytes, at most {MOST} are wanted")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(picture)
    sys.stdout.write(f"{path}  {len(picture) / 1000:.0f} kB\n")


def _check_fonts() -> None:
    program = shutil.which("fc-list")
    if not program:
        raise BrowserError("fonts cannot be listed: apt-get install fontconfig")
    asked = subprocess.run(  # noqa: S603 - no shell, and nobody else's words
        [program, ":", "family"], check=True, capture_output=True, text=True
    )
    missing = [package for family, package in FONTS.items() if family not in asked.stdout]
    if missing:
        raise BrowserError(f"fonts are missing: apt-get install {' '.join(missing)}")


if __name__ == "__main__":
    sys.exit(main())
