"""YAML that somebody wrote: told of without quoting it, for where it is wrong there may stand a secret."""

import re

import yaml

MOST_BYTES = 1 << 20
# A value that is not of the kind that its tag or its look promises: no error of YAML to the parser.
_ODD = (ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError, RecursionError)


class NotYaml(ValueError):
    """The words say where, and what is wrong."""


def tree(written: str) -> object:
    """Raises NotYaml."""
    if len(written) > MOST_BYTES:
        raise NotYaml("more than 1 MiB")
    try:
        return yaml.safe_load(written)
    except yaml.YAMLError as error:
        raise NotYaml(spot(error).lstrip(": ")) from None
    except _ODD as odd:
        what = "nested too deeply" if isinstance(odd, RecursionError) else "a value is not what it looks like"
        raise NotYaml(what) from None


def spot(error: yaml.YAMLError) -> str:
    """Line, column and the parser's complaint, without the quoted pieces of the file that it may hold."""
    if not isinstance(error, yaml.MarkedYAMLError) or error.problem_mark is None:
        return ": it holds characters that YAML does not allow"
    mark = error.problem_mark
    problem = re.sub(r"'[^']{2,}'", "'…'", error.problem or "")
    return f" at line {mark.line + 1}, column {mark.column + 1}: {problem}"
