"""What leaves a log is judged as a person reads it: letters spelled out, and keys without their marks."""

import json

from services.logs.text.presentable import presentable
from services.redaction.lines import judged, judged_as_read
from services.redaction.text import HIDDEN, redact


def test_a_secret_behind_spelled_letters_is_hidden() -> None:
    line = json.dumps({"message": "Пароль: Qwerty123!", "level": "info"})
    assert "Qwerty123" in redact(line), "as it is written nothing tells"
    (judged,) = judged_as_read([line], ())
    assert redact(judged) == f'{{"message": "Пароль: {HIDDEN}", "level": "info"}}'


def test_what_engines_and_probes_say_goes_through_the_same_door() -> None:
    said = json.dumps({"status": "Пароль: Qwerty123!"})
    assert presentable(said) == f'{{"status": "Пароль: {HIDDEN}"}}'


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


def test_lines_of_a_key_are_hidden_without_the_marks_around_them() -> None:
    key = ["MIIEowIBAAKCAQEAx7Zr2LkT9vXwB4nYcH7mQ3sD8fJ5pV6tR1uK0aWbEgNiLyOq"] * 3
    ids = ["f3a9c8d1e0b7" * 5 + "abcd"] * 3
    assert judged(["before", *key, "behind"], ()).text.split("\n") == ["before", *[HIDDEN] * 3, "behind"]
    assert judged(ids, ()).text.split("\n") == ids


def test_many_spelled_lines_share_what_may_be_judged() -> None:
    lines = ["\\u0041 " + "pw=a " * 400] * 60
    text = judged(lines, ()).text
    assert "pw=a" not in text
