"""A chat page over the stand-in for Telegram: what its people see on their screens, in a browser on this machine."""

from playground.page.about import About, Place
from playground.page.server import CannotServe, Page

__all__ = ["About", "CannotServe", "Page", "Place"]
