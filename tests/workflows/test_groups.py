"""Groups as Telegram knows them: they become supergroups, have topics, and throw the bot out."""

from collections.abc import Callable

from tests.bots import OPS, Setup, running
from tests.conftest import Cast

Make = Callable[..., Setup]

NEW = -1009876543210


async def test_a_group_that_becomes_a_supergroup_stays_known(cast: Cast, setup: Make) -> None:
    made = setup()
    async with running(made):
        await cast.dias.says("/whoami", chat=cast.ops)
        await cast.telegram.next_message(cast.ops)
        new = cast.telegram.migrate(cast.ops, NEW)
        await cast.dias.says("/whoami", chat=new)
        reply = await cast.telegram.next_message(new)
        assert reply.text.startswith("Dias · operator")
        await cast.telegram.silence(new, 3)  # a bot that did not know it would leave by then
        assert new.bot == "member"
    async with running(made):
        await cast.dias.says("/whoami", chat=new)
        assert (await cast.telegram.next_message(new)).text.startswith("Dias · operator")


async def test_an_answer_stays_in_its_topic(cast: Cast, setup: Make) -> None:
    forum = cast.telegram.group(-100555, title="Forum", members=[cast.dias], topics={7: "Servers"})
    async with running(setup(chats=[{"id": OPS}, {"id": -100555}])):
        await cast.dias.says("/whoami", chat=forum, topic=7)
        reply = await cast.telegram.next_message(forum)
    assert reply.topic == 7


async def test_put_into_an_unknown_group_it_leaves_and_says_so(cast: Cast, setup: Make) -> None:
    async with running(setup()):
        await cast.aigerim.says("/start")
        await cast.telegram.next_message(cast.aigerim)
        other = cast.telegram.group(-100778, title="Trap", members=[cast.stranger], bot="left")
        cast.telegram.add_bot(cast.stranger, other)
        told = await cast.telegram.next_message(cast.aigerim)
    assert "Trap (-100778)" in told.text
    assert other.bot == "left"
