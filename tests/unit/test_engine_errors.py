"""Every exception of the SDK and of what it stands on becomes one of ours."""

import inspect
from types import ModuleType

import docker.errors
import pytest
import requests
import urllib3.exceptions

from services.errors import ContainerGone, DeadlineExceeded, EngineRefused, HostError, HostSilent, Silence
from services.fleet.sdk import FOREIGN, translated
from services.fleet.streams import AnswerTooLarge


def exceptions_of(module: ModuleType) -> list[type[Exception]]:
    return [
        found
        for _, found in inspect.getmembers(module, inspect.isclass)
        if issubclass(found, Exception)
        and not issubclass(found, Warning)
        and found.__module__ == module.__name__
    ]


@pytest.mark.parametrize("module", [docker.errors, requests.exceptions, urllib3.exceptions])
def test_none_is_forgotten(module: ModuleType) -> None:
    found = exceptions_of(module)
    assert len(found) > 10
    assert [each for each in found if not issubclass(each, FOREIGN)] == []


def refusal(status: int, message: str) -> docker.errors.APIError:
    response = requests.Response()
    response.status_code, response.url, response.reason = status, "http+docker://localhost/v1.41/x", "No"
    kind = docker.errors.NotFound if status == 404 else docker.errors.APIError
    return kind("no", response=response, explanation=message)


@pytest.mark.parametrize(
    ("foreign", "ours"),
    [
        (refusal(404, "No such container: x"), ContainerGone),
        (refusal(409, "is already in progress"), EngineRefused),
        (refusal(500, "driver failed"), EngineRefused),
        (docker.errors.InvalidVersion("too old"), EngineRefused),
        (docker.errors.NullResource("no id"), EngineRefused),
        (docker.errors.StreamParseError("?"), EngineRefused),
        (requests.ReadTimeout(), DeadlineExceeded),
        (requests.ConnectTimeout(), DeadlineExceeded),
        (TimeoutError(), DeadlineExceeded),
        (requests.exceptions.SSLError("expired"), HostSilent),
        (requests.ConnectionError("closed"), HostSilent),
        (requests.exceptions.ChunkedEncodingError("cut"), HostSilent),
        (requests.JSONDecodeError("?", "", 0), EngineRefused),
        (AnswerTooLarge(), EngineRefused),
        (urllib3.exceptions.ProtocolError("cut"), HostSilent),
        (urllib3.exceptions.LocationParseError("?"), HostSilent),
        (FileNotFoundError("docker.sock"), HostSilent),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_becomes_of_it(foreign: Exception, ours: type[HostError]) -> None:
    error = translated(foreign, "server2", "5d126f", 5)
    assert type(error) is ours
    assert error.host == "server2"


def test_the_facts_are_kept() -> None:
    gone = translated(refusal(404, "No such container"), "h", "5d126f", 5)
    assert isinstance(gone, ContainerGone)
    assert gone.name == "5d126f"
    refused = translated(refusal(409, "is already in progress"), "h", "5d126f", 5)
    assert isinstance(refused, EngineRefused)
    assert (refused.status, refused.message) == (409, "is already in progress")
    assert isinstance(translated(refusal(404, "page not found"), "h", "", 5), EngineRefused), (
        "no container asked"
    )
    expired = translated(requests.exceptions.SSLError("expired"), "h", "", 5)
    assert isinstance(expired, HostSilent)
    assert (expired.reason, expired.detail) == (Silence.TLS, "expired")
