"""The Telegram that the demo plays on: a channel, its owner, its readers, and nobody real."""

from collections import Counter
from dataclasses import dataclass

from simulator.server import TelegramServer
from simulator.world.channels import Channel
from simulator.world.media import Picture
from simulator.world.messages import Message
from simulator.world.people import Person
from simulator.world.world import World

CHANNEL_USERNAME = "demo_channel"
PHONES = ("+9996621001", "+9996621002", "+9996621003")
"""Numbers of Telegram's own range for tests: the code is the sixth digit, five times."""


def code_for(phone: str) -> str:
    """Return the code that the local Telegram sends to a number of the test range."""
    return phone.lstrip("+")[5] * 5


@dataclass(slots=True)
class Theatre:
    """The world of one demo."""

    server: TelegramServer
    owner: Person
    channel: Channel
    published: list[Message]

    @classmethod
    def build(cls, server: TelegramServer, title: str) -> "Theatre":
        """Found the channel with its discussion group, where guests may comment."""
        world = server.world
        owner = world.add_person("+9996629999", "Olga Owner", username="demo_owner")
        channel = world.add_channel(title, CHANNEL_USERNAME, owner=owner, linked=True, guests=True)
        return cls(server, owner, channel, [])

    @property
    def world(self) -> World:
        """The world that the server serves."""
        return self.server.world

    def admit(self, phones: tuple[str, ...]) -> None:
        """Let our accounts join, as a person would; the first one is made an admin by the owner.

        Being an admin with the right to post is what proves the grant (charter rule 1).
        """
        people = self.people_of(phones)
        self.world.join(self.channel, *people)
        self.world.make_admin(self.channel, people[0])

    def is_heard(self, phones: tuple[str, ...]) -> bool:
        """Whether what happens here reaches all of our accounts at once."""
        return all(self.server.listens(each.id) for each in self.people_of(phones))

    def people_of(self, phones: tuple[str, ...]) -> list[Person]:
        """Find who signed in with these numbers."""
        return [self.world.people.by_phone[phone.lstrip("+")] for phone in phones]

    def publish(self, text: str) -> None:
        """Post in the owner's name; a post without words is a picture."""
        media = None if text.strip() else Picture(id=len(self.published) + 1)
        self.published.append(self.world.publish(self.channel, text, media))

    def duplicates(self) -> int:
        """Count what was said twice: by random_id, by words, or by one author in one thread."""
        return len(self.world.duplicates()) + sum(map(self.repeats_under, self.published))

    def repeats_under(self, post: Message) -> int:
        """Count the comments under a post beyond the first of each author."""
        authors = Counter(one.author for one in self.world.comments_under(self.channel, post.id))
        return sum(count - 1 for count in authors.values())

    def comments(self) -> int:
        """Count the comments that stand in the world."""
        return sum(len(self.world.comments_under(self.channel, p.id)) for p in self.published)
