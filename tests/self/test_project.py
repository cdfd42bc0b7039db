"""The project about itself: locks, layers, documents and the way it is shipped."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

from bot import __version__
from bot.settings import load_settings
from handlers import ROUTERS
from tests.lab.authority import Authority

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "requirements-dev.lock")
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(path for name in ("docs", "deploy") for path in (ROOT / name).rglob("*.md"))]
)


def dependencies() -> tuple[set[str], set[str]]:
    """The names that pyproject.toml asks for: to run, and to develop."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    def names(rows: list[str]) -> set[str]:
        return {match[0].lower() for row in rows if (match := re.match(r"[\w-]+", row))}

    return names(project["dependencies"]), names(project["optional-dependencies"]["dev"])


def locked(lock: str) -> dict[str, str]:
    """name==version → the rest of its entry."""
    text = re.sub(r"^\s*#.*$", "", (ROOT / lock).read_text(), flags=re.MULTILINE)
    return dict(re.findall(r"^([a-z0-9-]+)==((?:.*\\\n)*.*)$", text, flags=re.MULTILINE))


def test_there_is_one_version() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == __version__


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_package_has_hashes_and_no_index_is_named(lock: str) -> None:
    entries = locked(lock)
    needed, wanted = dependencies()
    assert needed | (wanted if lock == LOCKS[1] else set()) <= entries.keys()
    assert [name for name, rest in entries.items() if "--hash=sha256:" not in rest] == []
    assert not re.search(r"://|(?<!no-emit-)(index-url|find-links|trusted-host)", (ROOT / lock).read_text())


def test_what_is_developed_with_is_what_is_shipped() -> None:
    shipped, developed = (locked(lock) for lock in LOCKS)
    assert {name: developed.get(name) for name in shipped} == shipped


def test_every_dependency_has_its_reason() -> None:
    rows = re.findall(r"^\| (.+?) \| .+ \|$", (ROOT / "docs/dependencies.md").read_text(), re.MULTILINE)
    reasons = {name.strip().lower() for row in rows for name in row.split(",")}
    needed, wanted = dependencies()
    assert reasons - {"package", "---"} == needed | wanted


def test_imports_go_one_way() -> None:
    tool = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([tool], check=False, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_every_handler_is_among_those_that_know_no_sibling() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    (named,) = (set(each["modules"]) for each in contracts if each["type"] == "independence")
    assert named == {f"handlers.{router.name}" for router in ROUTERS}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)|src=\"([^\"]+)", document.read_text())
    named = [link or source for link, source in links]
    missing = [link for link in named if "://" not in link and not (document.parent / link).exists()]
    assert missing == []


def skeleton(text: str) -> dict[str, list[str]]:
    """Of a README, whatever its language: headings, where links lead, what stands in code, commands."""
    code = re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return {
        "headings": re.findall(r"^#+ ", text, re.MULTILINE),
        "links": re.findall(r"\]\(([^)\s]+)|src=\"docs/pictures/\w\w/([^\"]+)", text),
        "code": [re.sub(r" +#.*", "", each) for each in code],
        "commands": re.findall(r"^\| `(/\w+)|, `(/\w+)|^\| `(vakhta\.\w+)", text, re.MULTILINE),
    }


def test_both_readmes_say_the_same() -> None:
    english, russian = ((ROOT / name).read_text() for name in ("README.md", "README.ru.md"))
    english = english.replace("(README.ru.md)", "(README.md)").replace(
        "docs/pictures/en/", "docs/pictures/ru/"
    )
    assert skeleton(english) == skeleton(russian)


def test_no_file_hides_a_second_idea() -> None:
    sources = [
        path
        for package in ("bot", "handlers", "services", "playground")
        for path in (ROOT / package).rglob("*.py")
    ]
    long = {
        str(path.relative_to(ROOT)): lines
        for path in sources
        if (lines := path.read_text().count("\n")) > 320
    }
    assert long == {}


@pytest.mark.parametrize("everything", [False, True])
def test_the_example_of_settings_is_right(tmp_path: Path, everything: bool) -> None:
    """As it is, and with every setting that is commented out."""
    text = (ROOT / "config.example.yaml").read_text()
    if everything:
        text = re.sub(r"^#( *(?:[a-z_0-9]+:|- ).*)$", r"\1", text, flags=re.MULTILINE)
    for path in re.findall(
        r"(?<=: )/?(?:run/secrets/|etc/vakhta/|secrets/|)\w+(?:\.pem|_key|_hosts)\b", text
    ):
        (tmp_path / Path(path).name).write_bytes(Authority(tmp_path).file.read_bytes())
        text = text.replace(f": {path}", f": {tmp_path / Path(path).name}")
    text = text.replace("[deploy/", f"[{ROOT}/deploy/").replace(", deploy/", f", {ROOT}/deploy/")
    (tmp_path / "config.yaml").write_text(text)
    env = {
        "VAKHTA_CONFIG": str(tmp_path / "config.yaml"),
        "VAKHTA_SECRETS_DIR": str(tmp_path / "none"),
        "VAKHTA_TELEGRAM__TOKEN": "1:a",
    }
    settings = load_settings(env)
    assert list(settings.hosts) == (["server2", "server1", "server3"] if everything else [])
    assert len(settings.users) == (3 if everything else 1)


def test_every_secret_that_compose_offers_is_mounted_by_a_word() -> None:
    """With every secret that is commented out: what the comment at the service names is at the end of the file."""
    text = (ROOT / "compose.yaml").read_text()
    named = set(re.findall(r"\w+_key\b|vakhta_\w+", text.partition("    labels:")[0]))
    everything = yaml.safe_load(re.sub(r"^  # ( *\w+:.*)$", r"  \1", text, flags=re.MULTILINE))
    assert everything["secrets"].keys() == named - {"vakhta"}
    assert all(each["file"].startswith("./secrets/") for each in everything["secrets"].values())


def test_the_container_is_hardened() -> None:
    service = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["vakhta"]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["restart"] == "unless-stopped"
    assert service["logging"] == {
        "driver": "json-file",
        "options": {"max-size": "10m", "max-file": "3", "compress": "true"},
    }
    assert not any("docker.sock" in volume for volume in service["volumes"])
