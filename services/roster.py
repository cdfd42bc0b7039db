"""The people and chats that the settings name, and what follows from that: who acts, and who could."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from services.domain.access import Action, Actor, Role, Scope, Target, may


@dataclass(frozen=True, slots=True)
class Person:
    """One entry of `users`; `id` is the numeric Telegram id, the only thing a person is known by."""

    id: int
    name: str
    role: Role
    scope: Scope


@dataclass(frozen=True, slots=True)
class Chat:
    """One entry of `chats`: a group where commands may be used. `language` None: the default one."""

    id: int
    scope: Scope
    language: str | None = None


class Roster:
    """Fixed for the life of the process, but for the ids of groups that become supergroups."""

    def __init__(
        self, people: Iterable[Person], chats: Iterable[Chat] = (), alerted: Iterable[int] = ()
    ) -> None:
        """`alerted`: chats that are sent alerts; without an entry in `chats` they take presses and replies only."""
        self._people: Mapping[int, Person] = {person.id: person for person in people}
        self._chats = {chat.id: chat for chat in chats}
        self._alerted = set(alerted)

    def knows(self, chat_id: int) -> bool:
        """Whether the bot has any business in that group."""
        return chat_id in self._chats or chat_id in self._alerted

    def chat(self, chat_id: int) -> Chat | None:
        return self._chats.get(chat_id)

    def moved(self, old: int, new: int) -> None:
        """A group has become a supergroup: what the settings say of it holds under its new id."""
        if chat := self._chats.get(old):
            self._chats[new] = replace(chat, id=new)
        if old in self._alerted:
            self._alerted.add(new)

    def actor(self, person_id: int, within: Chat | None = None, *, chat: int | None = None) -> Actor | None:
        """The person acting in `chat`, narrowed to its scope when it is one of the groups; None for a stranger."""
        person = self._people.get(person_id)
        if person is None:
            return None
        scope = person.scope & within.scope if within else person.scope
        return Actor(person.id, person.name, person.role, scope, chat)

    def again(self, actor: Actor) -> Actor | None:
        """The same person in the same chat as the settings have them now; None for who is a stranger by now."""
        within = self.chat(actor.chat) if actor.chat is not None else None
        return self.actor(actor.id, within, chat=actor.chat)

    def scope_of(self, person_id: int) -> Scope:
        """What this person may see anywhere; nothing at all for a stranger."""
        person = self._people.get(person_id)
        return person.scope if person else Scope(())

    def who_may(self, action: Action, target: Target | None = None) -> tuple[str, ...]:
        """Names of all who may do it, in the settings' order: whom to ask."""
        return tuple(
            person.name
            for person in self._people.values()
            if may(Actor(person.id, person.name, person.role, person.scope), action, target) is None
        )

    def with_role(self, role: Role) -> tuple[str, ...]:
        """Names of all who hold at least this role."""
        return tuple(person.name for person in self._people.values() if person.role >= role)

    @property
    def people(self) -> tuple[Person, ...]:
        return tuple(self._people.values())

    @property
    def groups(self) -> tuple[int, ...]:
        """Ids of the groups where commands may be used, both ids of one that has moved."""
        return tuple(self._chats)

    def admins(self) -> tuple[int, ...]:
        """Ids of those to whom the bot's own troubles are told."""
        return tuple(person.id for person in self._people.values() if person.role is Role.ADMIN)
