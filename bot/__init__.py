"""The composition root: settings, wiring, and what is typed on the command line."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 (whoever starts it with an older one is told so, not shown a SyntaxError)
    sys.exit("Vakhta needs Python 3.11 or newer; try: python3.12 -m bot, or make setup PYTHON=python3.12")

__version__ = "0.1.0"
