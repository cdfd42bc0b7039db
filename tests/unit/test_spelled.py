"""Secrets behind letters that are spelled out, as `json.dumps` writes all but ASCII."""

import json

from services.logs.redaction import HIDDEN, redact
from services.logs.spelled import judged_as_read


def test_a_secret_behind_spelled_letters_is_hidden() -> None:
    line = json.dumps({"message": "Пароль: Qwerty123!", "level": "info"})
    assert "Qwerty123" in redact(line), "as it is written nothing tells"
    (judged,) = judged_as_read([line], ())
    assert redact(judged) == f'{{"message": "Пароль: {HIDDEN}", "level": "info"}}'


def test_of_a_containers_own_environment_too() -> None:
    line = json.dumps({"said": "тайна-бота"})
    (judged,) = judged_as_read([line], ("тайна-бота",))
    assert redact(judged, ("тайна-бота",)) == f'{{"said": "{HIDDEN}"}}'


def test_other_lines_stay_as_they_were_written() -> None:
    lines = [
        json.dumps({"message": "заказ принят", "id": 7}),
        "plain",
        r"C:\users\u0022",
        r"\ud83d\ude00 \u0007 \u202e",
    ]
    assert judged_as_read(lines, ()) == lines
