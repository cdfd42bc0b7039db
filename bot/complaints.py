"""pydantic's findings → one clear sentence each: which setting, what is wrong with it, how to mend it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from rapidfuzz import fuzz, process, utils

_NO_BOT = (
    "telegram.token: missing; take it from @BotFather and put it into VAKHTA_TELEGRAM__TOKEN, "
    "or into the file /run/secrets/vakhta_telegram__token, or into the YAML"
)
_NOBODY = (
    "users: missing; name at least one admin, such as {id: 1001, name: Aigerim, role: admin}; "
    "whoever does not know the id writes /whoami to the bot"
)
_MISSING: dict[tuple[int | str, ...], str] = {
    ("telegram",): _NO_BOT,
    ("telegram", "token"): _NO_BOT,
    ("users",): _NOBODY,
}

_SHAPES = {
    "string_type": "must be text: put it in quotes",
    "string_too_short": "empty; fill it in",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "int_from_float": "must be a whole number",
    "tuple_type": "must be a list, such as [a, b]",
    "dict_type": "must be a block of names with values",
    "model_type": "must be a block of keys with values",
    "path_type": "must be the path of a file",
}


# Of 100: below this a likeness is chance ("MSK" is no slip for "MST").
_ALIKE = 70


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant; empty when nothing is near."""
    found = process.extractOne(
        word, list(known), scorer=fuzz.ratio, processor=utils.default_process, score_cutoff=_ALIKE
    )
    return found[0] if found else ""


def hint(word: str, known: Iterable[str]) -> str:
    """`did you mean X?`, or nothing when nothing is near."""
    meant = nearest(word, known)
    return f"did you mean {meant}?" if meant else ""


def complaints(
    error: ValidationError, model: type[BaseModel], origins: Mapping[tuple[str, ...], str]
) -> Iterator[str]:
    """One sentence a problem. Values are echoed only by validators that know them to be harmless."""
    for found in error.errors(include_url=False, include_input=False):
        path = tuple(part for part in found["loc"] if part != "[key]")
        if found["type"] == "missing" and path in _MISSING:
            yield _MISSING[path]
            continue
        where = _name(path) + _origin(path, origins)
        for text in _texts(found, path, model, origins):
            yield f"{where}: {text}"


def _texts(
    found: ErrorDetails,
    path: tuple[int | str, ...],
    model: type[BaseModel],
    origins: Mapping[tuple[str, ...], str],
) -> Iterable[str]:
    kind, context = found["type"], found.get("ctx", {})
    match kind:
        case "extra_forbidden":
            known = tuple(_model_at(model, path[:-1]).model_fields)
            meant = nearest(str(path[-1]), known)
            mend = f"did you mean {_spelled(path, meant, origins)}?" if meant else ""
            return [f"there is no such key; {mend or 'known here: ' + ', '.join(known)}"]
        case "missing":
            return ["missing; fill it in"]
        case "literal_error" | "enum":
            return [f"must be {context['expected']}"]
        case "greater_than_equal":
            return [f"must be {context['ge']} or more"]
        case "less_than_equal":
            return [f"must be {context['le']} or less"]
        case "string_too_long":
            return [f"must have {context['max_length']} characters or less"]
        case "value_error":
            return str(context["error"]).splitlines()
        case _:
            return [_SHAPES.get(kind, found["msg"])]


def _name(path: tuple[int | str, ...]) -> str:
    """`users (entry 2).role`: entries are counted from one, as people do."""
    parts = (f" (entry {part + 1})" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".")


def _origin(path: tuple[int | str, ...], origins: Mapping[tuple[str, ...], str]) -> str:
    """Where it was set, when not in the YAML: the longest known part of its path tells."""
    for length in range(len(path), 0, -1):
        place = origins.get(tuple(str(part).lower() for part in path[:length]))
        if place:
            return f" (set by {place})"
    return ""


def _spelled(path: tuple[int | str, ...], meant: str, origins: Mapping[tuple[str, ...], str]) -> str:
    """The key as it is written where the wrong one stands: a variable and a secret file bear the whole path."""
    place = origins.get(tuple(str(part).lower() for part in path))
    if place is None:
        return meant
    stem = place.rpartition("/")[2].rpartition("__")[0]
    return f"{stem}__{meant.upper() if stem.isupper() else meant}"


def _model_at(model: type[BaseModel], path: tuple[int | str, ...]) -> type[BaseModel]:
    """The block that a path leads to; the step into a map or list (a host's name, a number) is skipped."""
    steps = iter(path)
    for step in steps:
        annotation = model.model_fields[str(step)].annotation
        model = next(_models_in(annotation), model)
        if get_origin(annotation) in (dict, tuple):
            next(steps, None)
    return model


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and get_origin(annotation) is None and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)
