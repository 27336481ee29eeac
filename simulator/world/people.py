"""The people of the world and what is known of each."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from simulator.world.clock import Clock
from simulator.world.events import Bulletin, PersonRenamed, PersonSeen
from simulator.world.inbox import Inbox
from simulator.world.peers import FIRST_USER, UserId, person_peer
from simulator.world.refusals import Refusal
from simulator.world.two_step import TwoStep
from simulator.world.usernames import Usernames

LONGEST_BIO = 70
LONGEST_NAME = 64
PHONE = re.compile(r"\d{7,15}")


@dataclass(slots=True, eq=False)
class Person:
    """Somebody with an account, a bot included; `language` is what their client speaks."""

    id: UserId
    phone: str
    first_name: str
    inbox: Inbox
    last_name: str = ""
    username: str = ""
    bio: str = ""
    bot: bool = False
    language: str = ""
    online: bool = False
    two_step: TwoStep | None = None
    blocked: set[UserId] = field(default_factory=set)
    contacts: set[UserId] = field(default_factory=set)

    @property
    def name(self) -> str:
        """First and last name together."""
        return f"{self.first_name} {self.last_name}".strip()


def normalise_phone(phone: str) -> str:
    """Reduce a number to its digits; raises `Refusal` when it is none."""
    digits = re.sub(r"[\s()+-]", "", phone)
    if not PHONE.fullmatch(digits):
        raise Refusal("PHONE_NUMBER_INVALID")
    return digits


class People:
    """Everybody, by id and by phone number."""

    def __init__(self, clock: Clock, bulletin: Bulletin, usernames: Usernames) -> None:
        self.clock, self.bulletin, self.usernames = clock, bulletin, usernames
        self.by_id: dict[UserId, Person] = {}
        self.by_phone: dict[str, Person] = {}
        self.numbers = count(FIRST_USER)

    def __iter__(self) -> Iterator[Person]:
        return iter(self.by_id.values())

    def __len__(self) -> int:
        return len(self.by_id)

    def add(self, phone: str, first_name: str, last_name: str = "", *, bot: bool = False) -> Person:
        """Let somebody be born; an empty phone number is for bots and for people without one."""
        digits = normalise_phone(phone) if phone else ""
        if digits in self.by_phone:
            raise Refusal("PHONE_NUMBER_OCCUPIED")
        check_name(first_name, last_name)
        user = UserId(next(self.numbers))
        inbox = Inbox(user, self.clock.now())
        person = Person(user, digits, first_name, inbox, last_name=last_name, bot=bot)
        self.by_id[user] = person
        if digits:
            self.by_phone[digits] = person
        return person

    def get(self, user: UserId) -> Person:
        """Find a person; raises `Refusal` for an unknown id."""
        person = self.by_id.get(user)
        if person is None:
            raise Refusal("USER_ID_INVALID")
        return person

    def rename(self, person: Person, first_name: str | None, last_name: str | None) -> None:
        """Change a person's names; None leaves one as it is."""
        first = person.first_name if first_name is None else first_name
        last = person.last_name if last_name is None else last_name
        check_name(first, last)
        person.first_name, person.last_name = first, last
        self.bulletin.tell(PersonRenamed(person.id))

    def describe(self, person: Person, bio: str) -> None:
        """Change a person's bio, of at most 70 characters."""
        if len(bio) > LONGEST_BIO:
            raise Refusal("ABOUT_TOO_LONG")
        person.bio = bio

    def take_username(self, person: Person, username: str) -> None:
        """Change a person's username; an empty one gives it up."""
        self.usernames.change(person_peer(person.id), person.username, username)
        person.username = username
        self.bulletin.tell(PersonRenamed(person.id))

    def be_seen(self, person: Person, *, online: bool) -> None:
        """Note that a person came or went."""
        if person.online != online:
            person.online = online
            self.bulletin.tell(PersonSeen(person.id, online))


def check_name(first: str, last: str) -> None:
    """Refuse a name that Telegram would refuse."""
    if not first.strip() or len(first) > LONGEST_NAME:
        raise Refusal("FIRSTNAME_INVALID")
    if len(last) > LONGEST_NAME:
        raise Refusal("LASTNAME_INVALID")
