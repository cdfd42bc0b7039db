"""Everything the bot is made of, opened in order and closed in reverse."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot.alerting import catalogue_of, host_aliases
from bot.courier import live
from bot.hosts import fast_lanes, host_address, netdata_addresses, own_addresses, traefik_addresses
from bot.middlewares.doors import Doors
from bot.middlewares.stale import Absences
from bot.settings import Settings
from handlers import ROUTERS
from handlers.declare import Declaration, declarations
from handlers.words import LANGUAGES, Catalogues, catalogues
from services.alerts.expectations import BotActs
from services.alerts.ledger import Ledger
from services.alerts.policy import Policy
from services.audit import Audit
from services.cards import Cards
from services.clearing import Clearings
from services.fleet.control import Control
from services.fleet.fleet import Fleet
from services.fleet.hosts import login_turns, open_engine
from services.fleet.protection import Protection
from services.fleet.tunnel import SshLink
from services.grafana import Dashboards
from services.languages import Languages
from services.logs.follow.follows import Follows, Hooks, open_follows
from services.logs.pages.bookmarks import Bookmarks
from services.logs.pages.reader import LogReader
from services.logs.search.prompts import Prompts
from services.logs.search.search import Searcher
from services.logs.text.presenter import Presenter
from services.metrics.available import Availability
from services.metrics.board import Board
from services.metrics.catalogue import Catalogue
from services.metrics.figures import Figures
from services.metrics.gallery import Gallery
from services.metrics.graphs import Graphs
from services.metrics.marks import Marks
from services.metrics.queries import Queries
from services.metrics.scrapes import Scrapes
from services.metrics.stats import Stats
from services.metrics.subjects import Subjects
from services.metrics.tops import Tops
from services.metrics.traffic import Traffics
from services.metrics.traffic_sources import OfPrometheus, OfTraefiks
from services.netdatas import Netdatas, open_netdatas
from services.outside.certificates import Certificates
from services.outside.checking import Checking
from services.outside.dial import through
from services.outside.domains import TeamDomains
from services.outside.resolving import SystemNames, by_name
from services.outside.tls import Handshakes, trust
from services.outside.walking import HERE, Place
from services.outside.ways import Ways
from services.pictures.pictures import Pictures, open_pictures
from services.plans import Plans
from services.ports import Clock, Store
from services.probes.probing import Prober
from services.probes.results import Results
from services.probes.uptimes import Uptimes
from services.probes.watch import AT_ONCE
from services.project_control import ProjectControl
from services.projects import Projects
from services.prometheus import Prometheus, open_prometheus
from services.recents import Recents
from services.roster import Chat, Person, Roster
from services.routes.routes import Routes
from services.routes.survey import Surveyor
from services.sightings import Sightings
from services.standards.standards import Standards
from services.store import open_store
from services.themes import Themes
from services.traefiks import Traefiks, open_traefiks


class SystemClock:
    """The machine's own time of day."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Services:
    """What handlers and middlewares are given, each by its parameter's name."""

    store: Store
    clock: Clock
    roster: Roster
    fleet: Fleet
    links: Mapping[str, SshLink]
    control: Control
    own_acts: BotActs
    presenter: Presenter
    bookmarks: Bookmarks
    reader: LogReader
    searcher: Searcher
    prompts: Prompts
    follows: Follows
    prober: Prober
    results: Results
    uptimes: Uptimes
    standards: Standards
    clearings: Clearings
    projects: Projects
    project_control: ProjectControl
    traefiks: Traefiks
    netdatas: Netdatas
    prometheus: Prometheus | None
    catalogue: Catalogue
    queries: Queries
    scrapes: Scrapes
    board: Board
    gallery: Gallery
    tops: Tops
    stats: Stats
    pictures: Pictures
    surveyor: Surveyor
    routes: Routes
    traffics: Traffics
    cards: Cards
    checking: Checking
    certificates: Certificates
    audit: Audit
    recents: Recents
    languages: Languages
    catalogues: Catalogues
    timezone: ZoneInfo
    declarations: tuple[Declaration, ...]
    absences: Absences
    doors: Doors

    def by_name(self) -> dict[str, Any]:
        """For aiogram's injection."""
        return {name: getattr(self, name) for name in self.__slots__}


@asynccontextmanager
async def open_services(
    settings: Settings, clock: Clock | None = None, ways: Ways | None = None
) -> AsyncIterator[Services]:
    """Hosts are connected in the background: one that is silent delays nothing. Raises StoreError.

    ways: to the outside, None for this machine's own.
    """
    clock = clock or SystemClock()
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings.store, clock))
        addresses = [
            host_address(name, host, hide_emails=settings.logs.hide_emails)
            for name, host in settings.hosts.items()
        ]
        turns = login_turns()
        engines = {
            address.name: await stack.enter_async_context(open_engine(address, turns))
            for address in addresses
        }
        believed = await asyncio.to_thread(trust, settings.trusted_ca)
        traefiks = await stack.enter_async_context(
            open_traefiks(traefik_addresses(settings.hosts, engines), believed)
        )
        netdatas = await stack.enter_async_context(
            open_netdatas(netdata_addresses(settings.hosts, engines), believed)
        )
        api = settings.prometheus
        prometheus = await stack.enter_async_context(open_prometheus(api.url, *api.login)) if api else None
        roster = roster_of(settings)
        languages = Languages(store, roster, known=LANGUAGES, default=settings.language)
        audit = Audit(store, clock)
        plans = Plans(store, clock, audit)
        own_acts = BotActs(plans, clock)
        protection = Protection(settings.protected, await asyncio.to_thread(own_container_id))
        sightings = Sightings(store, clock)
        fleet = Fleet(
            engines,
            sightings=sightings,
            plans=plans,
            protection=protection,
            clock=clock,
        )
        control = Control(fleet, plans, audit, roster, protection, clock, own_acts)
        projects = Projects(fleet)
        presenter = Presenter()
        stack.callback(presenter.close)
        dozzle = settings.dozzle.url if settings.dozzle else None
        bookmarks = Bookmarks(store, clock)
        reader = LogReader(fleet, presenter, bookmarks, clock, dozzle=dozzle)
        follows = await stack.enter_async_context(
            open_follows(fleet, presenter, store, clock, hooks=Hooks(live, roster.again))
        )
        pictures = await stack.enter_async_context(open_pictures())
        surveyor = Surveyor(
            traefiks, fleet.engine, plans.stops,
            [block.route for block in settings.routes], own_addresses(settings.hosts),
        )  # fmt: skip
        routes = Routes(surveyor, fleet.hosts, clock)
        handshakes = await asyncio.to_thread(Handshakes, settings.trusted_ca)
        domains = TeamDomains(
            [block.route for block in settings.routes],
            [block.probe for block in settings.probes],
            fleet,
            routes,
        )
        system, probed = SystemNames(), SystemNames(AT_ONCE)  # whatever is checked, probes have their own
        stack.callback(system.close)
        stack.callback(probed.close)
        names, here = (ways.lookup, Place(dial=ways.dial)) if ways else (system, HERE)
        places = [
            here,
            *(Place(name, through(engine)) for name, engine in engines.items() if engine.forwards),
        ]
        results = Results(store, clock)
        catalogue = catalogue_of(settings)
        host_named = Policy(hosts=host_aliases(settings)).host_named
        gallery = Gallery(
            Graphs(
                catalogue, Subjects(fleet, sightings), prometheus, netdatas,
                Marks(audit, Ledger(store)), host_named, clock,
            ),
            Availability(catalogue, prometheus, netdatas, host_named, clock),
            pictures,
            Themes(store),
            Dashboards(settings.grafana.url) if settings.grafana else None,
        )  # fmt: skip
        yield Services(
            store=store,
            clock=clock,
            roster=roster,
            fleet=fleet,
            links={name: engine.link for name, engine in engines.items() if isinstance(engine.link, SshLink)},
            control=control,
            own_acts=own_acts,
            presenter=presenter,
            bookmarks=bookmarks,
            reader=reader,
            searcher=Searcher(fleet, store, clock, shortcuts=fast_lanes(settings.hosts)),
            prompts=Prompts(store, clock),
            follows=follows,
            prober=Prober(engines, believed, clock, here=by_name(ways.lookup if ways else probed, here.dial)),
            results=results,
            uptimes=Uptimes([block.probe for block in settings.probes], results, clock),
            standards=Standards(fleet, engines, settings.standards.norms, store, clock),
            clearings=Clearings(engines, protection, store, audit, roster, clock),
            projects=projects,
            project_control=ProjectControl(projects, fleet, control, protection, store, audit, roster, clock),
            traefiks=traefiks,
            netdatas=netdatas,
            prometheus=prometheus,
            queries=Queries(prometheus, host_named, store, clock),
            scrapes=Scrapes(prometheus, fleet.hosts, host_named, clock),
            board=Board(engines, clock.now()),
            catalogue=catalogue,
            gallery=gallery,
            tops=Tops(fleet, Figures(prometheus, netdatas, catalogue), catalogue, clock),
            stats=Stats(fleet, gallery.graphs, netdatas, clock),
            pictures=pictures,
            surveyor=surveyor,
            routes=routes,
            traffics=Traffics(
                fleet.hosts,
                OfPrometheus(prometheus, host_named) if prometheus else None,
                OfTraefiks(traefiks),
                surveyor,
                clock,
            ),
            cards=Cards(fleet, routes),
            checking=Checking(domains, fleet, handshakes, places, names, clock, store),
            certificates=Certificates(domains, traefiks, handshakes, names, clock, place=here),
            audit=audit,
            recents=Recents(store),
            languages=languages,
            catalogues=catalogues(settings.language),
            timezone=settings.timezone,
            declarations=tuple(declarations(ROUTERS)),
            absences=Absences(),
            doors=Doors(roster, languages),
        )


def roster_of(settings: Settings) -> Roster:
    return Roster(
        (Person(user.id, user.name, user.role, user.scope) for user in settings.users),
        (Chat(chat.id, chat.scope, chat.language) for chat in settings.chats),
        _alerted(settings),
    )


def _alerted(settings: Settings) -> Iterator[int]:
    """Groups that are sent alerts."""
    yield from (chat.id for chat in settings.alerts.chats)
    if settings.alerts.fallback_chat is not None:
        yield settings.alerts.fallback_chat


def own_container_id() -> str | None:
    """The first digits of the container that this process runs in: Docker makes them its host name."""
    name = socket.gethostname()
    inside = Path("/.dockerenv").exists()
    return name if inside and re.fullmatch(r"[0-9a-f]{12}", name) else None
