"""`docs/metrics.md`, made from the families' own words: `python -m bot.metrics_reference > docs/metrics.md`."""

import sys
from collections.abc import Iterable

from services.metrics.own import OF_CONTAINERS, OF_THE_BOT, Family

_HEAD = """# Metrics of the bot

Made from the code by `python -m bot.metrics_reference`. The bot serves them to Prometheus at `/metrics` on a listener
of its own, `http.metrics_listen` (127.0.0.1:9464 unless the settings say otherwise; `off` switches it off). Whoever
reaches it reads the names of hosts and containers, so it belongs on loopback or a network of your own. Messages,
secrets and ids of people and chats are not there.

```yaml
scrape_configs:
  - job_name: vakhta
    honor_labels: true   # `host` is the host that a sample is about, not the one that the bot runs on
    static_configs: [{targets: ["127.0.0.1:9464"]}]
```

A container that is down though it should run, which is `container_status != running`:

```
vakhta_container_running == 0 and on (host, container) vakhta_container_expected_down == 0
```

Of a host without contact (`vakhta_host_up == 0`) there are no samples of containers: nobody knows how they are.
"""

_TAIL = """
Beside these: `process_*` (CPU, memory, descriptors, start), `python_gc_*` and `python_info`, from prometheus-client.
"""


def reference() -> str:
    """Two tables, with what a person who sets Prometheus up must know."""
    tables = ("Hosts and containers", OF_CONTAINERS), ("The bot itself", OF_THE_BOT)
    return _HEAD + "".join(_table(title, families) for title, families in tables) + _TAIL


def _table(title: str, families: Iterable[Family]) -> str:
    rows = (
        f"| `{each.name}` | {each.kind} | {', '.join(each.labels)} | {each.text} |\n" for each in families
    )
    return f"\n## {title}\n\n| name | kind | labels | what it says |\n|---|---|---|---|\n" + "".join(rows)


if __name__ == "__main__":
    sys.stdout.write(reference())
