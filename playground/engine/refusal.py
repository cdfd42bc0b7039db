"""What the engine answers instead of doing it, in dockerd's words."""


class Refused(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message


class NotModified(Exception):
    """It is so already."""


def no_such_container(name: str) -> Refused:
    return Refused(404, f"No such container: {name}")
