"""A sheet as a PNG, by matplotlib: imported in the process that draws alone."""

from io import BytesIO

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from services.pictures.sheet import Sheet


def drawn(sheet: Sheet) -> bytes:
    figure = Figure(figsize=(12.8, 8.4), dpi=100)
    canvas = FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.set_title(sheet.title, parse_math=False)
    for line in sheet.lines:
        axes.plot(np.frombuffer(line.times), np.frombuffer(line.values), label=line.name)
    out = BytesIO()
    canvas.print_png(out)  # type: ignore[no-untyped-call]
    return out.getvalue()
