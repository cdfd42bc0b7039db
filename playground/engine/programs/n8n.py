"""n8n 1.70 in queue mode: plain lines on stdout, what went wrong with its stack."""

from collections.abc import Iterator

from playground.engine.load import MIB, Load
from playground.engine.program import Ending, Program, Run, Said, lines
from playground.engine.programs.pen import BOT_TOKEN, Pen

_WORKFLOWS = (
    ("Booking: reminders", "kT3vQ9xLmZ2aWb1c"),
    ("Telegram: incoming", "Pq81nZs0RtYuVe5f"),
    ("Payments: Kaspi webhook", "d4GhJk6LzXcVbN2m"),
    ("Reports: daily digest", "s7DfGh3JkLqWeRt9"),
)
_START = (
    "Initializing n8n process",
    "n8n ready on ::, port 5678",
    "",
    "There is a deprecation related to your environment variables. "
    "Please take the recommended actions to update your configuration:",
    " - N8N_RUNNERS_ENABLED -> Running n8n without task runners is deprecated.",
    "",
    "[Recovery] Logs available, amended execution",
    "n8n Task Broker ready on 127.0.0.1, port 5679",
    "Start Active Workflows:",
    *(f'   - "{name}" (ID: {identity})\n     => Started' for name, identity in _WORKFLOWS),
    "Version: 1.70.3",
    "",
    "Editor is now accessible via:",
    "https://n8n.tapbot.kz",
)


def n8n() -> Program:
    load = Load(cpu=0.06, swing=0.9, period=60, memory=322 * MIB, cache=30 * MIB, growth=MIB, most=520 * MIB)
    stops = Ending(
        after=1.1, exit_code=0, says=(b"Received SIGTERM. Shutting down...\n", b"\nStopping n8n...\n")
    )
    return Program(_says, stops=stops, load=load, starts_in=0.4)


def _says(run: Run) -> Iterator[Said]:
    pen = Pen(run)
    if run.hears_start:
        yield from lines(run, _START, every=0.18)
        pen.wait(4)
    execution = 18_000 + 400 * run.number
    while True:
        pen.wait_for_people(20)
        execution += 1
        name, identity = pen.random.choice(_WORKFLOWS)
        yield pen.line(f"Enqueued execution {execution} (job {execution - 9211})")
        pen.wait(pen.random.lognormvariate(0, 0.8))
        if pen.chance(0.03):
            yield from _failed(pen, name, identity, execution)
        else:
            yield pen.line(f"Execution {execution} (job {execution - 9211}) finished successfully")


def _failed(pen: Pen, name: str, identity: str, execution: int) -> Iterator[Said]:
    if pen.chance(0.5):
        error, node = "The service is receiving too many requests from you", "Send reminder"
        reason = f"429 - POST https://api.telegram.org/bot{BOT_TOKEN}/sendMessage: Too Many Requests: retry after 17"
    else:
        error, node = (
            "The connection timed out, consider setting the 'Retry on Fail' option",
            "Directus: get bookings",
        )
        reason = "timeout of 10000ms exceeded: GET https://dir.tapbot.kz/items/bookings"
    yield pen.line(f'Execution {execution} of workflow "{name}" (ID: {identity}) failed at node "{node}"')
    yield pen.line(f"NodeApiError: {error}")
    place = "/usr/local/lib/node_modules/n8n/node_modules/n8n-core/src/NodeExecuteFunctions.ts"
    yield pen.line(f"    at ExecuteContext.httpRequest ({place}:{pen.random.randrange(900, 1900)}:15)")
    yield pen.line("    at processTicksAndRejections (node:internal/process/task_queues:95:5)")
    yield pen.line(f"  [cause]: {reason}")
