"""Where settings come from: YAML, secret files and variables, merged into one tree with its origins."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NestedSecretsSettingsSource,
    SecretsSettingsSource,
)
from pydantic_settings import SettingsError as Undecodable

from bot.complaints import nearest
from bot.values import A_DIRECTORY
from services.standards.written import spot

PREFIX = "VAKHTA_"
# These say where settings lie, or speak to the test suite, and are no settings themselves.
_ABOUT = ("VAKHTA_CONFIG", "VAKHTA_SECRETS_DIR")
_DEFAULT = Path("config.yaml")

Tree = dict[str, object]
Trail = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Gathered:
    """`tree`: as written, not yet judged. `origins`: the variable or file behind a path, where not YAML."""

    tree: Tree
    origins: Mapping[Trail, str]
    problems: tuple[str, ...]


class _Layer(NamedTuple):
    """Flat texts by name (`vakhta_telegram__token`), and the source that nests and decodes them."""

    source: EnvSettingsSource
    texts: Mapping[str, str]
    place: str  # what stands before a name in a complaint


class _SecretFiles(NestedSecretsSettingsSource):
    """Reads only what bears the prefix: a key file beside it may well be unreadable."""

    @classmethod
    def load_secrets(cls, path: Path) -> dict[str, str]:
        files = sorted(path.iterdir()) if path.exists() else []
        return {file.name: file.read_text("utf-8").strip() for file in files if _is_ours(file.name)}


def gather(model: type[BaseSettings], env: Mapping[str, str]) -> Gathered:
    """All sources merged, the environment last and strongest.

    Raises ValueError, a sentence with the mend, for a source that cannot be read: nothing can be judged then.
    """
    tree = _yaml(env.get("VAKHTA_CONFIG"))
    origins: dict[Trail, str] = {}
    problems: list[str] = []
    for source, texts, place in (_files(model, env), _variables(model, env)):
        # One by one: a text that is no JSON is reported under its own name, and the more precise name wins.
        for name in sorted(texts, key=lambda name: name.count("__")):
            path = tuple(name.lower().removeprefix(PREFIX.lower()).split("__"))
            if path[0] not in model.model_fields:
                problems.append(f"{place}{name} is no known setting; {_meant(name, model)}")
                continue
            source.env_vars = {name.lower(): texts[name]}
            try:
                tree = _merge(tree, source())
            except Undecodable:
                problems.append(f'{place}{name} must hold JSON, such as ["a", "b"] or {{"key": "value"}}')
            origins[path] = f"{place}{name}"
    if not (tree or origins or problems or env.get("VAKHTA_CONFIG") or _DEFAULT.exists()):
        problems.append(f"there is no {_DEFAULT} in {Path.cwd()}: copy config.example.yaml")
    return Gathered(tree, origins, tuple(problems))


def _meant(name: str, model: type[BaseSettings]) -> str:
    """The mend for a variable or secret file of an unknown name, which is spelled as its like."""
    prefix, (first, *rest) = name[: len(PREFIX)], name[len(PREFIX) :].split("__")
    meant = nearest(first, model.model_fields)
    if not meant:
        return "remove it"
    right = "__".join((meant.upper() if name.isupper() else meant, *rest))
    return f"did you mean {prefix}{right}?"


def _variables(model: type[BaseSettings], env: Mapping[str, str]) -> _Layer:
    texts = {
        name: text for name, text in env.items() if text and _is_ours(name) and name.upper() not in _ABOUT
    }
    return _Layer(EnvSettingsSource(model), texts, "")


def _files(model: type[BaseSettings], env: Mapping[str, str]) -> _Layer:
    directory = env.get("VAKHTA_SECRETS_DIR", "/run/secrets")
    try:
        defaults = SecretsSettingsSource(model, directory)
        source = _SecretFiles(defaults, directory, secrets_dir_missing="ok")
    except (OSError, UnicodeDecodeError, Undecodable) as exc:
        what = exc.filename if isinstance(exc, OSError) else directory
        raise ValueError(f"{what} cannot be read as text: let Vakhta's user read it (chown, chmod)") from None
    return _Layer(source, {name: text for name, text in source.env_vars.items() if text}, f"{directory}/")


def _is_ours(name: str) -> bool:
    return name.upper().startswith(PREFIX)


def _merge(low: Tree, high: Tree) -> Tree:
    merged = dict(low)
    for key, value in high.items():
        below = merged.get(key)
        merged[key] = _merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


class _Loader(yaml.SafeLoader):
    """Safe YAML, but a key given twice is an error (not silently the last), and an empty value is absent."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key_node, _ in node.value:
            if str(key_node.value) in seen:
                problem = f"{key_node.value} is given twice"
                raise yaml.constructor.ConstructorError(None, None, problem, key_node.start_mark)
            seen.add(str(key_node.value))
        mapping = super().construct_mapping(node, deep)
        return {str(key): value for key, value in mapping.items() if value is not None}


def _yaml(named: str | None) -> Tree:
    """The file's tree; empty where the default file is missing. ValueError: a sentence with the mend."""
    path = Path(named) if named else _DEFAULT
    try:
        tree = yaml.load(path.read_text("utf-8"), _Loader)  # noqa: S506 (a SafeLoader)
    except FileNotFoundError:
        if named:
            raise ValueError(f"there is no file {path}: create it, or correct VAKHTA_CONFIG") from None
        return {}
    except IsADirectoryError:
        raise ValueError(f"{path} {A_DIRECTORY}") from None
    except (OSError, UnicodeDecodeError) as exc:
        raise ValueError(
            f"{path} cannot be read as text ({type(exc).__name__}): mend its owner, mode or encoding"
        ) from None
    except yaml.YAMLError as exc:
        raise ValueError(f"{path} is no valid YAML{spot(exc)}") from None
    if tree is None:
        return {}
    if not isinstance(tree, dict):
        raise ValueError(f"{path} must hold keys with values, such as those in config.example.yaml")
    return tree
