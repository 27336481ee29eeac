import pytest

from simulator.world.mailbox import ReadByThem
from simulator.world.messages import Draft
from simulator.world.refusals import Refusal
from tests.unit.simulator.conftest import Village


def test_each_side_counts_its_own_messages(village: Village) -> None:
    world = village.world
    world.send_private(village.boss, village.anna, "to anna")
    mine = world.send_private(village.boris, village.anna, "hi")
    theirs = village.anna.inbox.chats[village.boris.id].last
    assert theirs is not None
    assert (mine.id, theirs.id, theirs.text) == (1, 2, "hi")


def test_a_block_ends_the_conversation_from_both_sides(village: Village) -> None:
    village.anna.blocked.add(village.boris.id)
    with pytest.raises(Refusal, match="USER_IS_BLOCKED"):
        village.world.send_private(village.boris, village.anna, "hi")
    with pytest.raises(Refusal, match="YOU_BLOCKED_USER"):
        village.world.send_private(village.anna, village.boris, "hi")
    assert village.world.messages_of((village.anna, village.boris)) == []


def test_an_answer_points_to_each_sides_own_copy(village: Village) -> None:
    world = village.world
    world.send_private(village.boss, village.anna, "noise")
    asked = world.send_private(village.boris, village.anna, "who?")
    theirs = village.anna.inbox.chats[village.boris.id].last
    assert theirs is not None
    world.private_talk.send(village.anna, village.boris, Draft("me", reply_to=theirs.id))
    answer = village.boris.inbox.chats[village.anna.id].last
    assert answer is not None
    assert answer.reply_to == asked.id


def test_an_edit_and_a_revoked_message_reach_both_sides(village: Village) -> None:
    world = village.world
    mine = world.send_private(village.boris, village.anna, "hi")
    world.private_talk.edit(village.boris, mine.id, Draft("hello"))
    assert [m.text for m in world.messages_of((village.anna, village.boris))] == ["hello"]
    world.private_talk.delete(village.boris, [mine.id], revoke=True)
    assert world.messages_of((village.anna, village.boris)) == []


def test_a_message_deleted_for_oneself_stays_with_the_other(village: Village) -> None:
    mine = village.world.send_private(village.boris, village.anna, "hi")
    village.world.private_talk.delete(village.boris, [mine.id], revoke=False)
    assert village.world.messages_of((village.boris, village.anna)) == []
    assert len(village.world.messages_of((village.anna, village.boris))) == 1


def test_reading_is_seen_by_the_author(village: Village) -> None:
    world = village.world
    mine = world.send_private(village.boris, village.anna, "hi")
    assert village.anna.inbox.unread(village.boris.id) == 1
    world.private_talk.read(village.anna, village.boris, 0)
    assert village.anna.inbox.unread(village.boris.id) == 0
    change = village.boris.inbox.mailbox.entries[-1].change
    assert isinstance(change, ReadByThem)
    assert change.max_id == mine.id
    assert world.private_talk.read(village.anna, village.boris, 0) is None


def test_the_same_random_id_is_said_once(village: Village) -> None:
    talk = village.world.private_talk
    first = talk.send(village.boris, village.anna, Draft("hi", random_id=5))
    assert talk.send(village.boris, village.anna, Draft("hi", random_id=5)) == first
    assert len(village.world.messages_of((village.anna, village.boris))) == 1
