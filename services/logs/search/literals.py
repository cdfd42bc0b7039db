"""What a line must hold for a pattern to match it, in plain bytes: for a search by something that knows no RE2.

The engine's json-file escapes some characters, so a literal is made of the others alone: any line that the
pattern matches holds one of its literals, in the engine's file as in the text. Pure.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

# In characters: shorter ones are in nearly every line.
SHORTEST = 3
# Of one pattern: more would slow the search down, and the spellings of letters multiply.
MOST_LITERALS = 64
MOST_BYTES = 4000  # with a newline behind each
# In characters: what is longer is taken apart for too long.
LONGEST_PATTERN = 1000

_MOST_NESTED = 40
_MOST_SPELLINGS = 4  # of one place; a larger class says too little
_LONGEST = 64
_LONG_ENOUGH = 8  # beyond it hardly a line holds a literal by chance
# What an engine writes into each record itself: to look for a part of it is to look for everything.
_FRAME = ("log", "stream", "stdout", "stderr", "attrs", "time")
_MOMENT = re.compile(r"[\dT:.Z-]*[:T-][\dT:.Z-]*|20[2-9]\d?|0[2-9]\d")
# Escaped in the json-file: quotes, what HTML could take for its own, controls, line separators; U+FFFD may be
# there as itself or escaped.
_ESCAPED = re.compile('["\\\\<>&\x00-\x1f\u2028\u2029\ufffd\ud800-\udfff]')
# Letters that RE2 takes for the same beside the small and the capital one.
_FURTHER_CASES = {
    "k": "\u212a", "s": "\u017f", "в": "\u1c80", "д": "\u1c81", "о": "\u1c82", "с": "\u1c83",
    "т": "\u1c84\u1c85", "ъ": "\u1c86", "ѣ": "\u1c87",
}  # fmt: skip
# As RE2 reads it: anything else in braces is plain text.
_COUNT = re.compile(r"\{(0|[1-9]\d*)(,(?:0|[1-9]\d*)?)?\}")
_FLAGS = re.compile(r"\(\?([a-zA-Z]*)(?:-([a-zA-Z]+))?([:)])")
_NAME = re.compile(r"\(\?P?<\w+>")
_CODE = re.compile(r"\\x(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{2}))")
_PROPERTY = re.compile(r"\\[pP](?:\{[^}]*\}|.)")
_CLASS = re.compile(r"\[\^?\]?(?:\[:.*?:\]|\\.|[^\]\\])*+\]", re.DOTALL)
_SIMPLE_CLASS = re.compile(r"\[((?:[^\]\\^\[-]|\\[^\w\s])+)\]", re.ASCII)

# The spellings of one character, and what is surely there: one of these texts.
Letter = tuple[str, ...]
Literals = tuple[str, ...]


class _Unsure(Exception):
    """Better no literals than wrong ones."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of a pattern. letters: it is exactly this, or where `more`, begins and ends with it; None: anything.

    needs: one of these lies somewhere within.
    """

    letters: tuple[Letter, ...] | None = None
    needs: Literals | None = None
    more: bool = False


_ANYTHING = _Piece()
_NOTHING = _Piece(())


def required_literals(pattern: str, *, ignore_case: bool = False) -> tuple[bytes, ...] | None:
    """Every line that `pattern` matches holds at least one of these, spelled as it is here: no case is to be ignored.

    `pattern` is one that RE2 has taken; it is held against the text as it was written. None where nothing can be
    said for sure, or nothing that would be worth a search. A search for what does *not* match has no literals.
    """
    if len(pattern) > LONGEST_PATTERN:
        return None
    try:
        piece = _Parser(pattern, ignore_case).parse()
    except _Unsure:
        return None
    needs = _needs(piece)
    if needs is None:
        return None
    literals = tuple(text.encode() for text in needs)
    return literals if sum(map(len, literals)) + len(literals) <= MOST_BYTES else None


class _Parser:
    """Recursive descent over RE2's syntax. What it does not know for sure raises _Unsure."""

    def __init__(self, pattern: str, fold: bool) -> None:
        self._pattern = pattern
        self._at = 0
        self._fold = fold
        self._nested = 0

    def parse(self) -> _Piece:
        piece = self._alternatives()
        if self._at < len(self._pattern):
            raise _Unsure
        return piece

    def _alternatives(self) -> _Piece:
        """Up to the end of the group."""
        fold = self._fold  # flags hold to the end of their group
        found = [self._sequence()]
        while self._taken("|"):
            found.append(self._sequence())
        self._fold = fold
        if len(found) == 1:
            return found[0]
        needs = [_needs(piece) for piece in found]
        every = dict.fromkeys(text for each in needs for text in each or ())
        return _Piece(needs=tuple(every) if None not in needs and len(every) <= MOST_LITERALS else None)

    def _sequence(self) -> _Piece:
        pieces: list[_Piece] = []
        while self._at < len(self._pattern) and self._pattern[self._at] not in "|)":
            if count := self._count():
                if not pieces:
                    raise _Unsure
                pieces[-1] = _repeated(pieces[-1], *count)
            else:
                pieces += self._atoms()
        return _joined(pieces)

    def _count(self) -> tuple[int, bool] | None:
        """How often at least, and whether perhaps more often; None where no quantifier stands."""
        sign = self._pattern[self._at]
        if sign in "*+?":
            self._at += 1
            count = int(sign == "+"), True
        elif found := _COUNT.match(self._pattern, self._at):
            self._at = found.end()
            count = int(found[1]), found[2] is not None and found[2] != f",{found[1]}"
        else:
            return None
        self._taken("?")
        return count

    def _atoms(self) -> Sequence[_Piece]:
        """The next atom; several where a quoted text stands, none where flags do."""
        sign = self._pattern[self._at]
        match sign:
            case "(":
                return self._group()
            case "[":
                return [self._class()]
            case "\\":
                return self._escape()
        self._at += 1
        match sign:
            case ".":
                return [_ANYTHING]
            case "^" | "$":
                return [_NOTHING]
        return [self._plain(sign)]

    def _group(self) -> Sequence[_Piece]:
        fold = self._fold
        if flags := self._matched(_FLAGS):
            known = set((flags[1] or "") + (flags[2] or "")) <= set("imsU")
            if not known:
                raise _Unsure
            self._fold = "i" in flags[1] or (self._fold and "i" not in (flags[2] or ""))
            if flags[3] == ")":
                return []
        elif not self._matched(_NAME):
            self._at += 1
            if self._pattern.startswith("?", self._at):
                raise _Unsure
        self._nested += 1
        if self._nested > _MOST_NESTED:
            raise _Unsure
        piece = self._alternatives()
        self._nested -= 1
        if not self._taken(")"):
            raise _Unsure
        self._fold = fold
        return [piece]

    def _class(self) -> _Piece:
        start = self._at
        if not self._matched(_CLASS):
            raise _Unsure
        simple = _SIMPLE_CLASS.fullmatch(self._pattern, start, self._at)
        return self._plain(*re.sub(r"\\(.)", r"\1", simple[1])) if simple else _ANYTHING

    def _escape(self) -> Sequence[_Piece]:
        pattern, at = self._pattern, self._at
        if pattern.startswith(r"\Q", at):
            text, _, _ = pattern[at + 2 :].partition(r"\E")
            self._at = min(at + 2 + len(text) + 2, len(pattern))
            if not text:
                raise _Unsure
            return [self._plain(sign) for sign in text]
        if code := self._matched(_CODE):
            point = int(code[1] or code[2], 16)
            return [self._plain(chr(point)) if point <= 0x10FFFF else _ANYTHING]
        if self._matched(_PROPERTY):
            return [_ANYTHING]
        self._at += 2
        sign = pattern[at + 1 : at + 2]
        if sign in tuple("dDsSwWCafnrtv"):
            return [_ANYTHING]
        if sign in tuple("AbBz"):
            return [_NOTHING]
        if not sign.isascii() or sign.isalnum() or not sign:
            raise _Unsure
        return [self._plain(sign)]

    def _plain(self, *signs: str) -> _Piece:
        """One character, any of these."""
        letter = dict.fromkeys(each for sign in signs for each in (_cases(sign) if self._fold else sign))
        plain = len(letter) <= _MOST_SPELLINGS and not any(map(_ESCAPED.match, letter)) and "" not in letter
        return _Piece((tuple(letter),)) if plain else _ANYTHING

    def _taken(self, sign: str) -> bool:
        taken = self._pattern.startswith(sign, self._at)
        self._at += taken
        return taken

    def _matched(self, what: re.Pattern[str]) -> re.Match[str] | None:
        found = what.match(self._pattern, self._at)
        if found:
            self._at = found.end()
        return found


def _cases(sign: str) -> Sequence[str]:
    """All that RE2 takes for the same letter where case is ignored; [""] where that is not known here."""
    if not (sign.isascii() or "\u0400" <= sign <= "\u04ff"):
        return [""]
    small = sign.lower()
    return [small, sign.upper(), *_FURTHER_CASES.get(small, "")]


def _repeated(piece: _Piece, least: int, more: bool) -> _Piece:
    if not least:
        return _NOTHING if not more else _ANYTHING
    if not piece.letters:
        return piece
    copies = min(least, max(_LONG_ENOUGH // len(piece.letters), 1))
    return _Piece(piece.letters * copies, more=more or piece.more or copies < least)


def _joined(pieces: Sequence[_Piece]) -> _Piece:
    """One after the other."""
    run: tuple[Letter, ...] = ()
    whole = True
    needs: Literals | None = None
    for piece in pieces:
        if piece.letters is not None:
            run += piece.letters
        if piece.letters is None or piece.more:
            whole = False
            needs = _better(needs, _better(_literals(run), piece.needs))
            run = piece.letters or ()
    return _Piece(run) if whole else _Piece(needs=_better(needs, _literals(run)))


def _needs(piece: _Piece) -> Literals | None:
    return piece.needs if piece.letters is None else _better(piece.needs, _literals(piece.letters))


def _literals(run: Sequence[Letter]) -> Literals | None:
    """The longest part of a run that few texts spell."""
    best: Literals | None = None
    for start in range(len(run)):
        spelled, end = 1, start
        while end < len(run) and end - start < _LONGEST and spelled * len(run[end]) <= MOST_LITERALS // 2:
            spelled *= len(run[end])
            end += 1
        if end - start >= SHORTEST:
            found = tuple("".join(signs) for signs in product(*run[start:end]))
            if not any(map(_is_everywhere, found)):
                best = _better(best, found)
    return best


def _better(one: Literals | None, other: Literals | None) -> Literals | None:
    """Of two that are both needed, the one that fewer lines hold by chance; of equals the later: values follow keys."""
    if one is None or other is None:
        return one or other
    return max(other, one, key=_worth)


def _worth(literals: Literals) -> tuple[int, int, int]:
    shortest = min(map(len, literals))
    return min(shortest, _LONG_ENOUGH), -len(literals), shortest


def _is_everywhere(text: str) -> bool:
    return any(text in word for word in _FRAME) or _MOMENT.fullmatch(text) is not None
