"""Colours: on Telegram's own backgrounds, and apart for those who see fewer of them.

Each curve's colour has a contrast of at least 3 to its background. Of the eight of a theme any two differ, as people
with and without a deficiency of colour see them (tests/unit/test_palette.py has the figures).
"""

from dataclasses import dataclass

from services.pictures.drawing import Theme


@dataclass(frozen=True, slots=True)
class Palette:
    """rest: curves without a name of their own. quiet: words to be read later; faint: lines of the grid."""

    background: str
    ink: str
    quiet: str
    faint: str
    rest: str
    warning: str
    critical: str
    restart: str
    incident: str
    curves: tuple[str, ...]


PALETTES: dict[Theme, Palette] = {
    Theme.LIGHT: Palette(
        background="#ffffff",
        ink="#1c1e21",
        quiet="#5b6570",
        faint="#e3e7eb",
        rest="#b4bcc4",
        warning="#a86a00",
        critical="#d0211c",
        restart="#5b6570",
        incident="#d0211c",
        curves=(
            "#176f7c", "#d37812", "#541fb4", "#5c0012", "#9c5eef", "#4fa1a5", "#a63c0c", "#301c64",
        ),
    ),
    Theme.DARK: Palette(
        background="#17212b",
        ink="#f1f3f5",
        quiet="#9fb0c0",
        faint="#2b3947",
        rest="#52616f",
        warning="#f0b232",
        critical="#ff6b60",
        restart="#9fb0c0",
        incident="#ff6b60",
        curves=(
            "#1ed5a9", "#9c5eef", "#dc9e12", "#6cf6fd", "#d15d4d", "#fadf27", "#ba93fb", "#4493a1",
        ),
    ),
}  # fmt: skip
