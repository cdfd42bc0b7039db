"""The composition root: settings, wiring, and what is typed on the command line."""

__version__ = "0.1.0"
