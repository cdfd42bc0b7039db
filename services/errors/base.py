"""The root of all errors."""


class VakhtaError(Exception):
    """The root: whatever a service foresees to go wrong. Its text is for the log alone."""

    def __str__(self) -> str:
        facts = ", ".join(f"{name}={value!r}" for name, value in vars(self).items())
        return f"{type(self).__name__}({facts})"
