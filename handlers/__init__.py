"""What people say to the bot and what it says back: parse, one service call, view."""

from handlers import (
    alerts,
    certs,
    charts,
    check,
    containers,
    events,
    follow,
    grep,
    logs,
    menu,
    people,
    routes,
    silences,
    start,
    traffic,
    uptime,
)

ROUTERS = (
    menu.router,
    containers.router,
    logs.router,
    grep.router,
    follow.router,
    events.router,
    routes.router,
    check.router,
    certs.router,
    uptime.router,
    traffic.router,
    charts.router,
    alerts.router,
    silences.router,
    start.router,
    people.router,
)
