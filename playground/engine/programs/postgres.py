"""PostgreSQL 16 as its image logs: to stderr, with the process in brackets."""

from collections.abc import Iterator

from playground.engine.load import MIB, Load
from playground.engine.program import STDERR, Ending, Probe, Program, Run, Said
from playground.engine.programs.pen import DATABASE_PASSWORD, Pen

_START = (
    "starting PostgreSQL 16.4 (Debian 16.4-1.pgdg120+1) on x86_64-pc-linux-gnu, "
    "compiled by gcc (Debian 12.2.0-14) 12.2.0, 64-bit",
    'listening on IPv4 address "0.0.0.0", port 5432',
    'listening on IPv6 address "::", port 5432',
    'listening on Unix socket "/var/run/postgresql/.s.PGSQL.5432"',
    "database system was shut down",
    "database system is ready to accept connections",
)
_SLOW = (
    "SELECT b.*, c.phone FROM bookings b JOIN customers c ON c.id = b.customer "
    "WHERE b.starts_at::date = CURRENT_DATE ORDER BY b.starts_at",
    "SELECT count(*) FROM directus_activity WHERE timestamp > now() - interval '30 days'",
    "UPDATE payments SET status = 'expired' WHERE status = 'pending' AND created_at < now() - interval '1 hour'",
)


def postgres() -> Program:
    load = Load(cpu=0.045, swing=0.7, period=120, memory=118 * MIB, cache=170 * MIB)
    return Program(_says, stops=Ending(after=0.5, exit_code=0), probe=_probe, load=load, starts_in=0.4)


def _probe(run: Run, at: int) -> Probe:
    return Probe(0, "/var/run/postgresql:5432 - accepting connections\n", takes=0.05)


def _says(run: Run) -> Iterator[Said]:
    pen = Pen(run)
    if run.hears_start:
        yield pen.line("")
        yield pen.line("PostgreSQL Database directory appears to contain a database; Skipping initialization")
        yield pen.line("")
        for number, text in enumerate(_START):
            pen.wait(0.02)
            yield from _entry(pen, 1 if number < 4 else 29, "LOG", text)
    while True:
        pen.wait_about(60)
        kind = pen.random.choices(
            ("checkpoint", "slow", "duplicate", "login", "vacuum", "password"), (64, 22, 6, 1, 7, 1)
        )[0]
        yield from _HAPPENINGS[kind](pen)


def _entry(pen: Pen, process: int, level: str, text: str) -> Iterator[Said]:
    stamp = f"{pen.when:%Y-%m-%d %H:%M:%S}.{pen.when.microsecond // 1000:03} UTC [{process}]"
    yield pen.line(f"{stamp} {level}:  {text}", STDERR)


def _checkpoint(pen: Pen) -> Iterator[Said]:
    yield from _entry(pen, 27, "LOG", "checkpoint starting: time")
    buffers, seconds = pen.random.randrange(12, 420), pen.random.uniform(1.2, 40)
    pen.wait(seconds)
    yield from _entry(
        pen,
        27,
        "LOG",
        f"checkpoint complete: wrote {buffers} buffers ({buffers / 163.84:.1f}%); 0 WAL file(s) added, 0 removed, "
        f"0 recycled; write={seconds:.3f} s, sync=0.021 s, total={seconds + 0.04:.3f} s; sync files={buffers // 9}, "
        f"longest=0.006 s, average=0.002 s; distance={buffers * 7} kB, estimate={buffers * 9} kB",
    )


def _slow(pen: Pen) -> Iterator[Said]:
    took = pen.random.lognormvariate(7, 0.5)
    statement = pen.random.choice(_SLOW)
    yield from _entry(
        pen, pen.random.randrange(200, 9000), "LOG", f"duration: {took:.3f} ms  statement: {statement}"
    )


def _duplicate(pen: Pen) -> Iterator[Said]:
    process, key = pen.random.randrange(200, 9000), pen.random.randrange(1, 900)
    error = 'duplicate key value violates unique constraint "bookings_slot_unique"'
    yield from _entry(pen, process, "ERROR", error)
    yield from _entry(
        pen,
        process,
        "DETAIL",
        f"Key (specialist, starts_at)=({key}, {pen.when:%Y-%m-%d} 14:30:00+05) already exists.",
    )
    yield from _entry(
        pen,
        process,
        "STATEMENT",
        'insert into "bookings" ("customer", "specialist", "starts_at") values ($1, $2, $3)',
    )


def _login(pen: Pen) -> Iterator[Said]:
    process = pen.random.randrange(200, 9000)
    yield from _entry(pen, process, "FATAL", 'password authentication failed for user "reports"')
    yield from _entry(
        pen,
        process,
        "DETAIL",
        'Connection matched file "/var/lib/postgresql/data/pg_hba.conf" line 128: "host all all all scram-sha-256"',
    )


def _vacuum(pen: Pen) -> Iterator[Said]:
    table = pen.random.choice(("bookings", "directus_sessions", "directus_activity"))
    removed = pen.random.randrange(40, 9000)
    yield from _entry(
        pen,
        pen.random.randrange(200, 9000),
        "LOG",
        f'automatic vacuum of table "directus.public.{table}": index scans: 1',
    )
    yield pen.line(
        f"\tpages: 0 removed, {removed // 30} remain, {removed // 40} scanned (75.00% of total)", STDERR
    )
    yield pen.line(
        f"\ttuples: {removed} removed, {removed * 4} remain, 0 are dead but not yet removable", STDERR
    )


def _password(pen: Pen) -> Iterator[Said]:
    statement = f"ALTER ROLE reports WITH PASSWORD '{DATABASE_PASSWORD}'"
    yield from _entry(pen, pen.random.randrange(200, 9000), "LOG", f"statement: {statement}")


_HAPPENINGS = {
    "checkpoint": _checkpoint,
    "slow": _slow,
    "duplicate": _duplicate,
    "login": _login,
    "vacuum": _vacuum,
    "password": _password,
}
