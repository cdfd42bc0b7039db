"""The part of a board that curves lie in: moments and figures become pixels."""

from dataclasses import dataclass
from typing import TypeVar

from services.pictures.axes import Heights
from services.pictures.board import Board, Box
from services.pictures.palette import Palette
from services.pictures.sheet import Sheet
from services.pictures.strokes import Numbers

Number = TypeVar("Number", float, Numbers)


@dataclass(frozen=True, slots=True)
class Field:
    board: Board
    box: Box
    sheet: Sheet
    palette: Palette
    heights: Heights

    def x(self, at: Number) -> Number:
        left, _bottom, right, _top = self.box
        return left + (at - self.sheet.start) / (self.sheet.end - self.sheet.start) * (right - left)

    def y(self, value: Number) -> Number:
        _left, bottom, _right, top = self.box
        low, high = self.heights.low, self.heights.high
        return bottom + (value - low) / (high - low) * (top - bottom)
