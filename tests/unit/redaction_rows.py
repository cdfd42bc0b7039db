"""What the tests of redaction share: rows of text with a secret in them, and how they are held to it."""

from services.redaction.text import HIDDEN, redact

# A text, and the secret that stood in it where now a `§` does.
Row = tuple[str, str]

HEX, UUID = "9f86d081884c7d659a2feaa0c55ad015", "3f2b8c1e-9d4a-4e7b-8a6c-5d1f0e9b7c3a"
MIXED, BASE64 = "Kq7ZtP2mXw9LbV4nYc8RdJ5s", "q3Vt8LxY0mZr5KdN2pWc7HsBf9JgT4aUe6RiOk1QvXw="


def in_a_log(text: str) -> str:
    return f"INFO first line\n{text}\nERROR next line"


def is_hidden_alone(row: Row) -> bool:
    """Whether the secret is hidden and nothing else."""
    text, secret = row
    return redact(in_a_log(text.replace("§", secret))) == in_a_log(text.replace("§", HIDDEN))


def assert_hidden(row: Row) -> None:
    """The secret and nothing else; and doing so once more changes nothing."""
    text, secret = row
    hidden = in_a_log(text.replace("§", HIDDEN))
    assert redact(in_a_log(text.replace("§", secret))) == hidden
    assert redact(hidden) == hidden
