"""The rates: limits reckoned on a clock of numbers, turns on the loop's own."""

import asyncio
from math import inf

import pytest

from bot.limits import Bucket, Kind, Window
from bot.pacing import Edit, Lane, Pacer, Rates

QUICK = Rates(scale=0.02)


def used(limit: Bucket | Window, *, took: float = 0, now: float = 0) -> None:
    limit.take()
    limit.done(now + took)


def test_bucket_lets_a_burst_go_then_one_an_interval() -> None:
    bucket = Bucket(1.0, 3)
    for _ in range(3):
        assert bucket.free_at(100.0) <= 100
        used(bucket, now=100)
    assert bucket.free_at(100.0) == 101
    used(bucket, now=101)
    assert bucket.free_at(101.0) == 102
    assert bucket.free_at(1000.0) <= 1000


def test_window_counts_any_stretch_of_time() -> None:
    window = Window(2, 60)
    used(window, now=0)
    used(window, now=50)
    assert window.free_at(59.9) == 60
    assert window.free_at(60.0) == 60
    used(window, now=60)
    assert window.free_at(60.0) == 110


def test_window_goes_on_from_what_was_sent_earlier() -> None:
    assert Window(2, 60, answered=[10, 20]).free_at(30.0) == 70


@pytest.mark.parametrize("limit", [Bucket(1.0, 2), Window(2, 10)])
def test_what_is_on_its_way_counts_until_it_is_answered(limit: Bucket | Window) -> None:
    """Telegram may see a slow call as late as its answer comes."""
    limit.take()
    limit.take()
    assert limit.free_at(1000.0) == inf
    limit.done(1000)
    limit.done(1000)
    assert 1000 < limit.free_at(1000.0) <= 1010
    assert not limit.is_idle(1000)
    assert limit.is_idle(1010)


async def test_turns_of_one_chat_come_in_order_and_never_delay_another() -> None:
    pacer, order = Pacer(QUICK), list[int]()
    lane = pacer.lane(1)

    async def call(number: int) -> None:
        await pacer.take(lane)
        order.append(number)
        pacer.done(lane)

    async with asyncio.TaskGroup() as group:
        for number in range(10):
            group.create_task(call(number))
        await asyncio.sleep(0)
        assert pacer.take_now(pacer.lane(2))
        assert not pacer.take_now(lane)
    assert order == list(range(10))


async def test_a_held_chat_waits_and_the_others_do_not() -> None:
    pacer, loop = Pacer(QUICK), asyncio.get_running_loop()
    lane = pacer.lane(1)
    began = loop.time()
    pacer.hold(lane, 0.1)
    assert pacer.take_now(pacer.lane(2))
    await pacer.take(lane)
    assert loop.time() - began >= 0.1


async def test_all_are_held_at_once() -> None:
    pacer, loop = Pacer(QUICK), asyncio.get_running_loop()
    began = loop.time()
    pacer.hold_all(0.1)
    assert not pacer.take_now(pacer.lane(1))
    await pacer.take(pacer.lane(2))
    assert loop.time() - began >= 0.1


async def test_who_goes_away_gives_the_turn_to_the_next() -> None:
    pacer = Pacer(QUICK)
    lane = pacer.lane(1)
    pacer.hold(lane, 0.05)
    first, second = asyncio.create_task(pacer.take(lane)), asyncio.create_task(pacer.take(lane))
    await asyncio.sleep(0)
    first.cancel()
    await second
    assert first.cancelled()


async def test_a_turn_that_came_too_late_is_given_back() -> None:
    pacer = Pacer(Rates(chat_burst=1, chat_interval=0.01))
    lane = pacer.lane(1)
    assert pacer.take_now(lane)
    late = asyncio.create_task(pacer.take(lane))
    await asyncio.sleep(0)
    pacer.done(lane)
    while not lane.is_idle(asyncio.get_running_loop().time()) and lane.waiting:
        await asyncio.sleep(0)
    late.cancel()
    await asyncio.wait({late})
    async with asyncio.timeout(15):
        await pacer.take(lane)


async def test_chats_take_turns_when_all_together_are_too_many() -> None:
    pacer, order = Pacer(Rates(total_limit=1, total_window=0.01, chat_burst=100)), list[int]()

    async def call(chat: int) -> None:
        lane = pacer.lane(chat)
        await pacer.take(lane)
        order.append(chat)
        pacer.done(lane)

    async with asyncio.TaskGroup() as group:
        for chat in (1, 1, 1, 1, 2, 3):
            group.create_task(call(chat))
    assert set(order[:4]) == {1, 2, 3}, "a long queue in one chat must not keep the others waiting"


async def test_lanes_of_chats_long_silent_are_forgotten() -> None:
    pacer = Pacer(QUICK)
    busy = pacer.lane(-1)
    assert pacer.take_now(busy)
    for chat in range(1, 5000):
        pacer.lane(chat)
    assert len(pacer._lanes) < 1100
    assert pacer.lane(-1) is busy


def test_a_group_is_what_has_a_negative_id_or_a_name() -> None:
    def limits(chat: int | str | None) -> int:
        return len(Pacer(QUICK).lane(chat)._limits)

    assert [limits(5), limits(-5), limits("@channel"), limits(None)] == [1, 2, 2, 0]


def test_lane_is_free_when_all_its_limits_are() -> None:
    lane = Lane(Bucket(1.0, 3), Window(1, 60))
    lane.take()
    lane.done(100)
    assert lane.free_at(100.0) == 160


def test_background_finds_a_part_of_the_burst_and_people_the_rest() -> None:
    bucket = Bucket(1.0, 3, share=2)
    for _ in range(2):
        assert bucket.free_at(100.0, Kind.BACKGROUND) <= 100
        bucket.take(Kind.BACKGROUND)
    assert bucket.free_at(100.0, Kind.BACKGROUND) == inf
    assert bucket.free_at(100.0) <= 100
    for _ in range(2):
        bucket.done(100.0, Kind.BACKGROUND)
    assert bucket.free_at(100.0, Kind.BACKGROUND) == 101


def test_bucket_goes_on_from_what_was_sent_earlier() -> None:
    bucket = Bucket(1.0, 3, answered=[10, 19.5, 20, 20])
    assert bucket.free_at(20.0) == pytest.approx(20.5)


def test_background_leaves_a_part_of_the_window_to_people() -> None:
    window = Window(20, 60, share=15, floor=3)
    for second in range(15):
        assert window.free_at(second, Kind.BACKGROUND) == second
        window.take(Kind.BACKGROUND)
        window.done(second, Kind.BACKGROUND)
    assert window.free_at(15.0, Kind.BACKGROUND) == 60
    for second in range(15, 20):
        assert window.free_at(second) == second
        used(window, now=second)
    assert window.free_at(20.0) == 60
    assert window.free_at(64.0, Kind.BACKGROUND) == 65, "fifteen in all, whoever had the five"


def test_background_has_its_floor_when_people_leave_it() -> None:
    window = Window(20, 60, share=15, floor=3)
    for _ in range(17):
        used(window, now=0)
    for _ in range(3):
        assert window.free_at(1.0, Kind.BACKGROUND) == 1
        window.take(Kind.BACKGROUND)
        window.done(1, Kind.BACKGROUND)
    assert window.free_at(1.0, Kind.BACKGROUND) == 60, "full"


@pytest.mark.parametrize("waiting", [1, 2], ids=["in one chat", "between chats"])
async def test_people_go_before_background(waiting: int) -> None:
    pacer = Pacer(Rates(total_limit=1, total_window=0.01, chat_burst=100, chat_share=100))
    order = list[str]()

    async def call(chat: int, kind: Kind) -> None:
        granted = await pacer.take(pacer.lane(chat), kind)
        assert granted is kind
        order.append(kind.name)
        pacer.done(pacer.lane(chat), granted)

    assert pacer.take_now(pacer.lane(9))
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(call(1, Kind.BACKGROUND))
        await asyncio.sleep(0)
        for _ in range(3):
            group.create_task(call(waiting, Kind.PEOPLE))
        await asyncio.sleep(0)
        pacer.done(pacer.lane(9))
    assert order == ["PEOPLE"] * 3 + ["BACKGROUND"] * 3


async def test_background_that_waits_never_takes_the_room_of_people() -> None:
    pacer = Pacer(Rates())
    lane = pacer.lane(-1)
    async with asyncio.TaskGroup() as group:
        flood = [group.create_task(pacer.take(lane, Kind.BACKGROUND)) for _ in range(10)]
        await asyncio.sleep(0)
        assert sum(each.done() for each in flood) == 2, "of a burst of three"
        assert pacer.take_now(lane), "a person's finds the third"
        for each in flood:
            each.cancel()
    assert not lane.waiting


EDIT = Edit(1, "editMessageText")


async def _held() -> tuple[Pacer, Lane]:
    pacer = Pacer(QUICK)
    lane = pacer.lane(1)
    pacer.hold(lane, 0.05)
    return pacer, lane


@pytest.mark.parametrize(
    ("older", "newer", "granted"),
    [
        (Kind.PEOPLE, Kind.BACKGROUND, Kind.PEOPLE),
        (Kind.BACKGROUND, Kind.PEOPLE, Kind.PEOPLE),
        (Kind.BACKGROUND, Kind.BACKGROUND, Kind.BACKGROUND),
    ],
)
async def test_the_newer_of_two_edits_goes_in_the_better_place(
    older: Kind, newer: Kind, granted: Kind
) -> None:
    pacer, lane = await _held()
    async with asyncio.TaskGroup() as group:
        first = group.create_task(pacer.take(lane, older, edit=EDIT))
        await asyncio.sleep(0)
        second = group.create_task(pacer.take(lane, newer, edit=EDIT))
    assert first.result() is None
    assert second.result() is granted
    assert not lane.waiting
    assert not lane.edits


async def test_an_edit_that_goes_at_once_makes_one_that_waits_in_the_background_needless() -> None:
    pacer = Pacer(Rates())
    lane = pacer.lane(1)
    for _ in range(2):
        assert pacer.take_now(lane)
    older = asyncio.create_task(pacer.take(lane, Kind.BACKGROUND, edit=EDIT))
    await asyncio.sleep(0)
    assert pacer.take_now(lane, Kind.PEOPLE, EDIT)
    assert await older is None


async def test_a_promoted_edit_goes_as_a_persons_before_the_others() -> None:
    pacer, lane = await _held()
    async with asyncio.TaskGroup() as group:
        person = group.create_task(pacer.take(lane))
        behind = group.create_task(pacer.take(lane, Kind.BACKGROUND, edit=EDIT))
        await asyncio.sleep(0)
        pacer.promote(lane, EDIT)
        assert [len(queue) for queue in lane.queues] == [2, 0, 0]
        assert await behind is Kind.PEOPLE
        assert await person is Kind.PEOPLE


async def test_a_call_without_a_chat_is_paced_by_the_total_alone() -> None:
    assert Pacer(QUICK).take_now(Pacer(QUICK).lane(None))
