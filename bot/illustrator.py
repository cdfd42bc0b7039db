"""Pictures that follow alerts, over Telegram: as silent replies, behind what people wait for."""

from aiogram import Bot
from aiogram.types import BufferedInputFile, ReplyParameters

from bot.notifier import TelegramNotifier
from handlers.callbacks import NOBODY
from handlers.delivery import delivering
from handlers.views import charts as views
from services.domain.metrics import Graph
from services.domain.posts import Destination
from services.metrics.gallery import Gallery
from services.ports import Sent
from services.themes import DEFAULT


class TelegramIllustrator:
    """An `Illustrator`. The buttons below are nobody's, as those of the alert are."""

    def __init__(self, bot: Bot, notifier: TelegramNotifier, gallery: Gallery) -> None:
        self._bot = bot
        self._notifier = notifier
        self._gallery = gallery

    async def illustrate(self, graph: Graph, to: Destination, message: Sent) -> None:
        gallery = self._gallery
        theme = await gallery.themes.of(to.chat) if to.chat > 0 else DEFAULT
        link = gallery.dashboards.of(graph) if gallery.dashboards else None
        async with self._notifier.speaking(message.chat):
            picture = await gallery.pictures.draw(views.drawing(graph, theme))
            answer = views.chart(graph, theme, NOBODY, picture=picture, link=link)
            assert answer.file is not None
            with delivering():
                await self._bot.send_photo(
                    message.chat,
                    BufferedInputFile(answer.file.content, filename=answer.file.name),
                    **answer.as_caption_kwargs(),
                    message_thread_id=to.topic,
                    disable_notification=True,
                    reply_markup=answer.keyboard,
                    reply_parameters=ReplyParameters(
                        message_id=message.message, allow_sending_without_reply=True
                    ),
                )
