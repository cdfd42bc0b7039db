"""What people say to the bot and what it says back: parse, one service call, view."""

from handlers import alerts, containers, events, follow, logs, people, silences

ROUTERS = (
    containers.router,
    logs.router,
    follow.router,
    events.router,
    alerts.router,
    silences.router,
    people.router,
)
