"""Words in a picture: in DejaVu Sans, of which no glyph is missing, and never wider than there is room."""

import unicodedata
from collections.abc import Sequence
from pathlib import Path

import matplotlib
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font

SIZE = 43  # pixels of 1280: 13 points on a phone that is 390 points wide
LINE = 54  # from one line of words to the next
DPI = 100
_FONTS = Path(matplotlib.get_data_path(), "fonts", "ttf")
_LONGEST = 300
_UNKNOWN = "□"
_SEPARATORS = "/-_. "


class Lettering:
    """One of the two weights."""

    def __init__(self, name: str) -> None:
        file = _FONTS / name
        self.font = FontProperties(fname=str(file), size=SIZE * 72 / DPI)
        self._glyphs = frozenset(FT2Font(str(file)).get_charmap())
        self._renderer = RendererAgg(1, 1, DPI)  # type: ignore[no-untyped-call]

    def fitted(self, text: str, room: float) -> str:
        """At most so many pixels wide: what is too long loses its middle, since names differ at both ends."""
        text = self.clean(text)
        if not text or self.width(text) <= room:
            return text
        kept = min(len(text) - 1, int(len(text) * room / self.width(text)) + 5)
        while kept > 1:
            head = (kept + 1) // 2
            shorter = text[:head].rstrip() + "…" + text[len(text) - kept + head :].lstrip()
            if self.width(shorter) <= room:
                return shorter
            kept -= 1
        return "…" if self.width("…") <= room else ""

    def told_apart(self, names: Sequence[str], room: float) -> list[str]:
        """Fitted. Where that makes two of them equal, what all of them begin with is left out."""
        fitted = [self.fitted(name, room) for name in names]
        if len(set(fitted)) == len(set(names)):
            return fitted
        first, last = min(names), max(names)
        same = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
        start = max(first.rfind(mark, 0, same) for mark in _SEPARATORS) + 1
        return [self.fitted(("…" if start else "") + name[start:], room) for name in names]

    def width(self, text: str) -> float:
        if not text:
            return 0.0
        measure = self._renderer.get_text_width_height_descent
        return float(measure(text, self.font, ismath=False)[0])  # type: ignore[no-untyped-call]

    def clean(self, text: str) -> str:
        """One line, without what cannot be seen; what has no glyph here stands as a square."""
        text = " ".join(unicodedata.normalize("NFC", text[:_LONGEST]).split())
        kept: list[str] = []
        for letter in text:
            kind = unicodedata.category(letter)
            if kind[0] == "C" or "\ufe00" <= letter <= "\ufe0f":
                continue
            if kind[0] == "M" and (not kept or unicodedata.category(kept[-1])[0] == "M"):
                continue  # a letter has one mark, not a tower of them
            shown = letter if ord(letter) in self._glyphs else _UNKNOWN
            if shown != _UNKNOWN or kept[-1:] != [_UNKNOWN]:
                kept.append(shown)
        return "".join(kept)


PLAIN = Lettering("DejaVuSans.ttf")
BOLD = Lettering("DejaVuSans-Bold.ttf")
