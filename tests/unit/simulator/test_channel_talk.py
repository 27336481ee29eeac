import pytest

from simulator.world.channels import Right
from simulator.world.mailbox import Arrived
from simulator.world.messages import Draft
from simulator.world.peers import MessageId
from simulator.world.refusals import Refusal
from tests.unit.simulator.conftest import Village


def test_a_post_is_copied_into_the_linked_group(village: Village) -> None:
    post = village.world.publish(village.news, "hello")
    copied = village.chat.history.last
    assert copied is not None
    assert copied.forward is not None
    assert (copied.forward.channel, copied.forward.post) == (village.news.id, post.id)
    assert copied.sender == village.news.peer
    assert copied.text == "hello"


def test_message_ids_count_per_channel(village: Village) -> None:
    other = village.world.add_channel("Other", owner=village.boss)
    first = village.world.publish(village.news, "one")
    village.world.publish(other, "elsewhere")
    assert village.world.publish(village.news, "two").id == first.id + 1


def test_a_comment_is_found_under_its_post(village: Village) -> None:
    post = village.world.publish(village.news, "hello")
    other = village.world.publish(village.news, "another")
    said = village.world.comment(village.news, post.id, village.boris, "nice")
    assert village.world.comments_under(village.news, post.id) == [said]
    assert village.world.comments_under(village.news, other.id) == []


def test_an_answer_to_a_comment_stays_in_the_thread(village: Village) -> None:
    post = village.world.publish(village.news, "hello")
    said = village.world.comment(village.news, post.id, village.boris, "nice")
    answer = village.world.say(village.chat, village.anna, "indeed", said.id)
    assert answer.reply_to == said.id
    assert answer.thread == said.thread == said.reply_to
    assert village.world.comments_under(village.news, post.id) == [said, answer]


def test_a_plain_member_cannot_post_into_a_channel(village: Village) -> None:
    with pytest.raises(Refusal, match="CHAT_WRITE_FORBIDDEN"):
        village.world.publish(village.news, "mine", by=village.anna)


def test_an_admin_with_the_right_can_post(village: Village) -> None:
    village.world.make_admin(village.news, village.anna, Right.POST_MESSAGES)
    assert village.world.publish(village.news, "mine", by=village.anna).author == village.anna.id


def test_an_admin_without_the_right_cannot_post(village: Village) -> None:
    village.world.make_admin(village.news, village.anna, Right.INVITE_USERS)
    with pytest.raises(Refusal, match="CHAT_WRITE_FORBIDDEN"):
        village.world.publish(village.news, "mine", by=village.anna)


def test_a_guest_cannot_comment_where_guests_have_no_word(village: Village) -> None:
    post = village.world.publish(village.news, "hello")
    village.chat.guests = False
    with pytest.raises(Refusal, match="CHAT_GUEST_SEND_FORBIDDEN"):
        village.world.comment(village.news, post.id, village.boris, "nice")
    village.world.join(village.chat, village.boris)
    assert village.world.comment(village.news, post.id, village.boris, "nice").text == "nice"


def test_a_stranger_cannot_write_into_a_group_of_its_own(village: Village) -> None:
    group = village.world.add_group("Club", "club_of_ours", owner=village.boss)
    with pytest.raises(Refusal, match="CHAT_WRITE_FORBIDDEN"):
        village.world.say(group, village.boris, "hi")


def test_a_closed_group_hears_its_admins_only(village: Village) -> None:
    village.world.join(village.chat, village.anna)
    village.chat.open = False
    with pytest.raises(Refusal, match="CHAT_WRITE_FORBIDDEN"):
        village.world.say(village.chat, village.anna, "hi")
    assert village.world.say(village.chat, village.boss, "hi").text == "hi"


def test_a_private_channel_is_closed_to_strangers(village: Village) -> None:
    secret = village.world.add_channel("Secret", owner=village.boss, linked=True)
    group = village.world.group_of(secret)
    post = village.world.publish(secret, "psst")
    with pytest.raises(Refusal, match="CHANNEL_PRIVATE"):
        village.world.comment(secret, post.id, village.boris, "what?")
    village.world.join(secret, village.boris)
    assert village.world.comment(secret, post.id, village.boris, "what?").chat == group.peer


def test_an_expelled_member_sees_a_public_channel_no_more(village: Village) -> None:
    village.world.membership.expel(village.chat, village.boris)
    post = village.world.publish(village.news, "hello")
    with pytest.raises(Refusal, match="CHANNEL_PRIVATE"):
        village.world.comment(village.news, post.id, village.boris, "hi")


@pytest.mark.parametrize("end", ["no post", "post deleted", "unlinked", "another group linked"])
def test_nothing_can_be_said_where_there_is_no_thread(village: Village, end: str) -> None:
    world, post = village.world, village.world.publish(village.news, "hello")
    if end == "post deleted":
        world.delete(village.news, post.id)
    elif end == "unlinked":
        world.link_group(village.news, None)
    elif end == "another group linked":
        world.link_group(village.news, world.add_group("New", owner=village.boss))
    number = MessageId(post.id + 1) if end == "no post" else post.id
    with pytest.raises(Refusal, match="MSG_ID_INVALID"):
        world.comment(village.news, number, village.boris, "hi")


def test_the_copy_follows_its_post(village: Village) -> None:
    post = village.world.publish(village.news, "helo")
    copied = village.chat.history.last
    talk = village.world.channel_talk
    talk.edit(village.news, village.boss.id, post.id, Draft("hello"))
    assert copied is not None
    assert copied.text == "hello"
    talk.delete(village.news, village.boss.id, [post.id])
    assert copied.deleted
    assert village.chat.history.get(copied.id) is None


def test_only_the_author_edits_a_comment(village: Village) -> None:
    post = village.world.publish(village.news, "hello")
    said = village.world.comment(village.news, post.id, village.boris, "nice")
    talk = village.world.channel_talk
    with pytest.raises(Refusal, match="MESSAGE_AUTHOR_REQUIRED"):
        talk.edit(village.chat, village.anna.id, said.id, Draft("ugly"))
    with pytest.raises(Refusal, match="MESSAGE_NOT_MODIFIED"):
        talk.edit(village.chat, village.boris.id, said.id, Draft("nice"))
    assert said.text == "nice"


def test_others_words_are_deleted_by_admins_only(village: Village) -> None:
    post = village.world.publish(village.news, "hello")
    said = village.world.comment(village.news, post.id, village.boris, "nice")
    talk = village.world.channel_talk
    with pytest.raises(Refusal, match="MESSAGE_DELETE_FORBIDDEN"):
        talk.delete(village.chat, village.anna.id, [said.id])
    talk.delete(village.chat, village.boss.id, [said.id])
    assert village.world.comments_under(village.news, post.id) == []


@pytest.mark.parametrize(("text", "word"), [(" ", "EMPTY"), ("x" * 4097, "TOO_LONG")])
def test_a_text_out_of_bounds_is_not_said(village: Village, text: str, word: str) -> None:
    before = village.news.mailbox.pts
    with pytest.raises(Refusal, match=word):
        village.world.publish(village.news, text)
    assert village.news.mailbox.pts == before


def test_the_same_random_id_gives_the_earlier_message(village: Village) -> None:
    talk, author = village.world.channel_talk, village.boss.id
    first = talk.send(village.news, author, Draft("hello", random_id=7))
    again = talk.send(village.news, author, Draft("hello", random_id=7))
    assert again == first
    assert sum(isinstance(e.change, Arrived) for e in village.news.mailbox.since(1)) == 2
    assert [attempt.repeated for attempt in village.world.attempts()] == [False, True]
    assert village.world.duplicates() == []


def test_a_random_id_is_remembered_per_account_and_peer(village: Village) -> None:
    village.world.join(village.chat, village.anna, village.boris)
    talk = village.world.channel_talk
    sent = {
        talk.send(village.news, village.boss.id, Draft("a", random_id=7)).message,
        talk.send(village.chat, village.boss.id, Draft("a", random_id=7)).message,
        talk.send(village.chat, village.anna.id, Draft("a", random_id=7)).message,
    }
    assert len(sent) == 3


def test_the_same_words_of_one_author_in_one_thread_are_a_duplicate(village: Village) -> None:
    post = village.world.publish(village.news, "hello")
    ids = [village.world.comment(village.news, post.id, village.boris, "me").id for _ in range(2)]
    village.world.comment(village.news, post.id, village.anna, "me")
    (found,) = village.world.duplicates()
    assert (found.author, found.ids) == (village.boris.id, tuple(ids))
