"""What a picture is drawn on: pixels from the lower left corner, lines and words, by matplotlib."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any, Literal

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import Bbox, IdentityTransform
from numpy.typing import ArrayLike
from PIL import Image

from services.pictures.lettering import BOLD, DPI, PLAIN

Box = tuple[float, float, float, float]  # left, bottom, right, top

_POINT = 72 / DPI
_COMPRESSION = 3  # a good deal faster than the usual 6, and hardly larger


class Board:
    """What is drawn later lies above what was drawn before."""

    def __init__(self, width: int, height: int, background: str) -> None:
        self.width, self.height = width, height
        self._figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor=background)
        self._canvas = FigureCanvasAgg(self._figure)
        self._background = background
        self._layer = 0

    def line(
        self,
        xs: ArrayLike,
        ys: ArrayLike,
        colour: str,
        width: float,
        *,
        dashes: Sequence[float] = (),
        within: Box | None = None,
    ) -> None:
        """NaN: not joined. dashes: on and off, in line widths. within: nothing is drawn outside."""
        style: Any = (0, tuple(dashes)) if dashes else "solid"
        drawn = Line2D(
            np.asarray(xs), np.asarray(ys), color=colour, linewidth=width * _POINT, linestyle=style,
            solid_capstyle="round", solid_joinstyle="round", transform=IdentityTransform(), zorder=self._next(),
        )  # fmt: skip
        self._add(drawn, within)

    def dots(self, xs: ArrayLike, ys: ArrayLike, colour: str, size: float, within: Box) -> None:
        drawn = Line2D(
            np.asarray(xs), np.asarray(ys), color=colour, marker="o", markersize=size * _POINT, linestyle="none",
            transform=IdentityTransform(), zorder=self._next(),
        )  # fmt: skip
        self._add(drawn, within)

    def write(
        self,
        x: float,
        y: float,
        text: str,
        colour: str,
        *,
        side: Literal["left", "center", "right"] = "left",
        bold: bool = False,
        backed: bool = False,
    ) -> None:
        """y: the middle of the line. text: as `Lettering` has cleaned and fitted it. backed: above what lies below."""
        if not text:
            return
        box = {"facecolor": self._background, "edgecolor": "none", "alpha": 0.9, "pad": 1} if backed else None
        self._figure.text(
            x, y, text, color=colour, fontproperties=(BOLD if bold else PLAIN).font, horizontalalignment=side,
            verticalalignment="center_baseline", transform=IdentityTransform(), parse_math=False, bbox=box,
            zorder=self._next(),
        )  # fmt: skip

    def png(self) -> bytes:
        self._canvas.draw()  # type: ignore[no-untyped-call]
        pixels = np.asarray(self._canvas.buffer_rgba())[..., :3]  # type: ignore[no-untyped-call]
        out = BytesIO()
        Image.fromarray(pixels).save(out, "PNG", compress_level=_COMPRESSION)
        return out.getvalue()

    def _add(self, drawn: Line2D, within: Box | None) -> None:
        self._figure.add_artist(drawn)
        if within:
            left, bottom, right, top = within
            drawn.set_clip_box(Bbox.from_extents(left, bottom, right, top))

    def _next(self) -> int:
        self._layer += 1
        return self._layer
