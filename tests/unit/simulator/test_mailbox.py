"""Whatever happens in a world, no log has a hole."""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.world.mailbox import FIRST_PTS, Mailbox
from simulator.world.messages import Draft
from simulator.world.peers import MessageId
from simulator.world.people import Person
from simulator.world.refusals import Refusal
from simulator.world.world import World

ACTS = ("post", "comment", "edit", "delete", "whisper", "revoke", "read", "join", "again")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(ACTS), st.integers(0, 2), st.integers(1, 12))))
def test_every_log_is_contiguous_from_one(acts: list[tuple[str, int, int]]) -> None:
    world = World()
    people = [world.add_person(f"799900000{i:02}", f"P{i}") for i in range(3)]
    world.add_channel("News", "some_news", owner=people[0], linked=True)
    for act, who, number in acts:
        try:
            perform(world, people, (act, who, number))
        except Refusal:
            continue
    for channel in world.channels:
        assert_contiguous(channel.mailbox)
    for person in people:
        assert_contiguous(person.inbox.mailbox)


def perform(world: World, people: list[Person], what: tuple[str, int, int]) -> None:
    act, who, number = what
    person, other = people[who], people[(who + 1) % 3]
    news, chat = tuple(world.channels)
    talk, private = world.channel_talk, world.private_talk
    last = news.history.ids[-1] if len(news.history) else MessageId(1)
    few = range(number, number + 3)
    deeds: dict[str, Callable[[], object]] = {
        "post": lambda: world.publish(news, f"post {number}", by=person),
        "again": lambda: talk.send(chat, person.id, Draft("again", random_id=number)),
        "comment": lambda: world.comment(news, last, person, f"comment {number}"),
        "edit": lambda: talk.edit(chat, person.id, number, Draft(f"edited {number}")),
        "delete": lambda: talk.delete(news, person.id, few),
        "whisper": lambda: world.send_private(person, other, f"psst {number}"),
        "revoke": lambda: private.delete(person, few, revoke=bool(number % 2)),
        "read": lambda: private.read(person, other, number),
        "join": lambda: world.membership.join(chat, person, announce=True),
    }
    deeds[act]()


def assert_contiguous(mailbox: Mailbox) -> None:
    at = FIRST_PTS
    for entry in mailbox.entries:
        assert entry.count >= 1
        assert entry.pts == at + entry.count
        at = entry.pts
    assert mailbox.pts == at
    for pts in range(FIRST_PTS, mailbox.pts + 1):
        assert [e.pts for e in mailbox.since(pts)] == [
            e.pts for e in mailbox.entries if e.pts > pts
        ]
