"""`docs/commands.md`, made from the declarations: `python -m bot.reference > docs/commands.md`."""

import sys
from collections.abc import Iterable

from handlers import ROUTERS
from handlers.declare import Declaration, declarations
from services.domain.access import Role


def reference(commands: Iterable[Declaration]) -> str:
    """The commands and the rights matrix, one table."""
    roles = [role.name.lower() for role in Role]
    lines = [
        "# Commands",
        "",
        "Made from the code by `python -m bot.reference`. NAME is a container (`directus`), a host and a container",
        "(`server2/directus`) or a Compose service, in any case. A bare command offers names to tap.",
        "",
        f"| command | what it shows or does | {' | '.join(roles)} |",
        f"|---|---|{'---|' * len(roles)}",
    ]
    for each in commands:
        if not each.about:
            continue
        usage = f"`/{each.name} {each.usage}`" if each.usage else f"`/{each.name}`"
        rights = " | ".join("yes" if role >= each.role else "" for role in Role)
        cells = (cell.replace("|", r"\|") for cell in (usage, each.about))  # else it would part two of them
        lines.append(f"| {' | '.join(cells)} | {rights} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(reference(declarations(ROUTERS)))
