"""Logs that can be read, and that do not fill the disk: json-file, 10m × 3, compressed."""

import re

from services.domain.standards import Weight
from services.standards.facts import Scene, Subject
from services.standards.rules.row import Fault, Row

STANDARD = (
    'logging:\n  driver: json-file\n  options:\n    max-size: "10m"\n    max-file: "3"\n    compress: "true"'
)
DRIVER = "json-file"
LARGEST = 10 * 2**20
MOST_FILES = 3
_SIZE = re.compile(r"(\d{1,12})([kmg]?)b?", re.IGNORECASE)
_COUNT = re.compile(r"[0-9]{1,9}")
_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30}


def _driver(subject: Subject, _scene: Scene) -> Fault | None:
    if subject.log_driver == DRIVER:
        return None
    # "local" can be read through the engine and is bounded by itself; of others nothing may be left to read.
    weight = Weight.INFO if subject.log_driver == "local" else None
    return Fault({"driver": subject.log_driver}, STANDARD, weight)


def _size(subject: Subject, _scene: Scene) -> Fault | None:
    if subject.log_driver != DRIVER:
        return None
    asked = subject.log_options.get("max-size", "")
    size = _bytes(asked)
    return None if size is not None and 0 < size <= LARGEST else Fault({"size": asked}, STANDARD)


def _files(subject: Subject, _scene: Scene) -> Fault | None:
    if subject.log_driver != DRIVER:
        return None
    asked = subject.log_options.get("max-file", "")
    few = _COUNT.fullmatch(asked) and 0 < int(asked) <= MOST_FILES
    return None if few else Fault({"files": asked}, STANDARD)


def _compressed(subject: Subject, _scene: Scene) -> Fault | None:
    if subject.log_driver != DRIVER or subject.log_options.get("compress", "").lower() == "true":
        return None
    return Fault(mend=STANDARD)


def _bytes(size: str) -> int | None:
    found = _SIZE.fullmatch(size.strip())
    return int(found[1]) * _UNITS[found[2].lower()] if found else None


ROWS = (
    Row("log_driver", Weight.ERROR, _driver),
    Row("log_size", Weight.ERROR, _size),
    Row("log_files", Weight.WARNING, _files),
    Row("log_compressed", Weight.INFO, _compressed),
)
