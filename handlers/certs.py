"""`/certs`: until when the certificates of all domains are good, trouble first."""

from aiogram import Router
from aiogram.types import CallbackQuery, Message

from handlers.declare import button, command
from handlers.outside_callbacks import CertList
from handlers.pressed import pressed
from handlers.views import certs as views
from handlers.waiting import Spot
from handlers.words import mark
from services.domain.access import Actor, Role
from services.outside.certificates import Certificates

router = Router(name="certs")


@command(
    router,
    "certs",
    role=Role.VIEWER,
    about=mark("certificates of all domains, trouble first"),
    entry=(mark("Certificates"), CertList),
)
async def certs(message: Message, actor: Actor, asker: str, certificates: Certificates) -> None:
    spot = Spot(message)
    report = await spot.awaiting(certificates.report(by=actor), lambda: views.looking(asker))
    await spot.put(views.certs(report, asker))


@button(router, CertList.filter(), role=Role.VIEWER)
async def certs_again(
    callback: CallbackQuery, actor: Actor, asker: str, certificates: Certificates, *, in_place: bool
) -> None:
    spot = Spot(pressed(callback), in_place=in_place)
    report = await spot.awaiting(certificates.report(by=actor), lambda: views.looking(asker))
    await spot.put(views.certs(report, asker))
