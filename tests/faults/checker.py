"""What must hold after every schedule, whatever was broken meanwhile. Pure: a history in, complaints out."""

from collections import Counter
from collections.abc import Iterator

from tests.faults.history import BOX, Fact, History, Press, Seen, group_of

_OVER, _FIRING = "✅", ("🔥", "🔴", "🟡", "🔹")
_SHORTENED = " shown, all in the file"
_BROKEN = "Something broke here"
_NOTICES = ("⚠️ Chat ",)


def unfinished(history: History) -> list[str]:
    """What more time may still mend: alerts that cannot be read, messages that tell what is no more."""
    return [*_unreadable(history), *_untrue(history), *_presses(history)]


def complaints(history: History) -> list[str]:
    """All that is wrong; empty: the bot has kept its word."""
    return [*unfinished(history), *_twice(history), *_strange(history), *_conduct(history)]


# Nothing is lost


def _unreadable(history: History) -> Iterator[str]:
    for fact in history.facts.values():
        for chat in fact.chats:
            if _held_back(history, fact):
                continue
            places = _places(history, chat)
            if not any(each.chat in places and fact.box in each.boxes for each in history.seen):
                yield f"lost: {fact.box} is nowhere to be read in {sorted(places)}"


def _places(history: History, chat: int) -> frozenset[int]:
    """Where people read what is routed to this chat: also where it moved, and what stood in for it."""
    places = {chat, history.moved.get(chat, chat)}
    return frozenset(places | ({history.fallback} if places & history.closed else set()))


def _held_back(history: History, fact: Fact) -> bool:
    """Somebody silenced the group, so what it has not shown yet may wait for the silence's end."""
    group = group_of(fact.box)
    return any(each.group == group and each.label == "1 h" for each in history.presses)


# Nothing untrue stands


def _untrue(history: History) -> Iterator[str]:
    for fact in history.facts.values():
        for chat in fact.chats:
            places = _places(history, chat)
            if len(places) > 1 and _held_back(history, fact):  # what takes the message's place waits, too
                continue
            told = [
                _tells(line)
                for each in _living(history, places, fact.box)
                for line in each.text.splitlines()
                if fact.box in _boxes(line)
            ]
            if told and fact.firing not in told and not _listed(history, places, fact.box):
                truth = "fires" if fact.firing else "is over"
                yield f"untrue: {fact.box} {truth}, no message in {sorted(places)} says so"


def _living(history: History, places: frozenset[int], box: str) -> list[Seen]:
    """The messages that tell of it now. Of a group that moved: those where it is now, if its alerts are there."""
    about = [
        each
        for each in history.seen
        if each.chat in places and not (each.is_ring or each.is_file) and _about(each, group_of(box))
    ]
    here = [each for each in about if each.chat not in history.moved]
    return [each for each in here or about if box in _boxes(each.text)]


def _about(each: Seen, group: int) -> bool:
    return group in {group_of(box) for box in _boxes(each.text)}


def _listed(history: History, places: frozenset[int], box: str) -> bool:
    """A message of its group, or a digest with it, names ten and leaves the others to its file."""
    return any(
        _SHORTENED in each.text and (_about(each, group_of(box)) or box in _boxes(each.file))
        for each in history.seen
        if each.chat in places and box not in _boxes(each.text)
    )


def _boxes(text: str) -> frozenset[str]:
    return frozenset(each[0] for each in BOX.finditer(text))


def _tells(line: str) -> bool | None:
    """Whether it fires, by the symbol that the line begins with."""
    if line.startswith(_OVER):
        return False
    return True if line.startswith(_FIRING) else None


def _presses(history: History) -> Iterator[str]:
    """Who has taken an alert keeps it, whatever happened to the bot."""
    for press in history.presses:
        if press.answer is None and not history.unasked:
            yield f"unanswered: {press}"
        if press.in_vain and not history.away:
            yield f"turned away: {press}"
    firing = {group_of(fact.box) for fact in history.facts.values() if fact.firing}
    for group in sorted(firing):
        mine = [press for press in history.presses if press.group == group]
        if history.unasked or any(press.label == "Release" for press in mine):
            continue
        yield from _acknowledged(history, group, [press for press in mine if press.label == "Acknowledge"])


def _acknowledged(history: History, group: int, presses: list[Press]) -> Iterator[str]:
    upto = max((press.upto or 0 for press in presses if not press.in_vain), default=0)
    for each in _front(history, group):
        if each.upto is not None and upto >= each.upto > 0:
            yield f"forgotten: group {group} was acknowledged up to {upto}, {each.chat}/{each.id} does not know"
        if "Release" in each.labels and not presses:
            yield f"invented: nobody has acknowledged group {group}, {each.chat}/{each.id} says so"


def _front(history: History, group: int) -> Iterator[Seen]:
    """The newest living message of one group alone in each chat where something can still be changed."""
    stale = history.moved.keys() | history.closed
    newest: dict[int, Seen] = {}
    for each in history.seen:
        groups = {group_of(box) for box in _boxes(each.text)}
        if each.chat not in stale and groups == {group} and not (each.is_ring or each.is_file):
            newest[each.chat] = each
    copies = Counter(each.chat for each in history.seen if group in each.first_groups and not each.is_ring)
    return (each for chat, each in newest.items() if copies[chat] == 1)  # of copies only one lives


# Nothing comes twice


def _twice(history: History) -> Iterator[str]:
    for chat in sorted({each.chat for each in history.seen}):
        doubles = _doubles([each for each in history.seen if each.chat == chat])
        if len(doubles) > history.allowed[chat]:
            yield f"twice in {chat}, where {history.allowed[chat]} answers were lost: {'; '.join(doubles)}"


def _doubles(seen: list[Seen]) -> list[str]:
    """Each message that a person sees beyond the first of its kind."""
    kinds: dict[object, int] = {}
    doubles = []
    for each in seen:
        if each.is_ring:
            about = each.reply_to or each.text
            keys: list[object] = [("ring", about)]
        elif each.is_file:
            keys = [("file", each.reply_to)]
        else:
            keys = [("group", group) for group in each.first_groups]
        again = [kinds[key] for key in keys if key in kinds]
        if again:
            doubles.append(f"{each.id} repeats {sorted(set(again))}: {each.texts[0][:60]!r}")
        kinds.update((key, each.id) for key in keys if key not in kinds)
    return doubles


# Nothing strange happens


def _strange(history: History) -> Iterator[str]:
    known = {box for box, fact in history.facts.items() if fact.chats}
    for each in history.seen:
        whole = "\n".join(each.texts)
        if each.chat in history.strangers:
            yield f"to a stranger: {each}"
        elif _BROKEN in whole:
            yield f"broken: {each}"
        elif each.chat == history.admin and history.closed and each.text.startswith(_NOTICES):
            continue
        elif not each.boxes and not _bodiless(each):
            yield f"unexplained: {each}"
        elif not each.boxes <= known:
            yield f"never told: {sorted(each.boxes - known)} in {each}"
        elif wrong := [box for box in sorted(each.boxes) if not _belongs(history, each.chat, box)]:
            yield f"in the wrong chat: {wrong} in {each}"


def _bodiless(each: Seen) -> bool:
    """A ring may name the group alone, and a group that is over needs none of its alerts' names."""
    return each.is_ring and "Group" in each.text


def _belongs(history: History, chat: int, box: str) -> bool:
    return any(chat in _places(history, routed) for routed in history.facts[box].chats)


def _conduct(history: History) -> Iterator[str]:
    yield from (f"refused: {each}" for each in history.refused)
    yield from (f"Alertmanager gives up: {each}" for each in history.gave_up)
    yield from (f"trouble: {each}" for each in history.troubles)
