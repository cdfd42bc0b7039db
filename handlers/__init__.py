"""What people say to the bot and what it says back: parse, one service call, view."""

from handlers import containers, logs, people

ROUTERS = (containers.router, logs.router, people.router)
