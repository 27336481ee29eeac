"""What an open account can do, on a simulated Telegram over TCP."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from accounts.client import TelethonAccount
from orchestrator.errors import BadInput, NotFound
from orchestrator.facts import Engagement
from orchestrator.ids import MessageId, TelegramId
from orchestrator.ports.telegram import Letter, Peer, Role, Thread
from orchestrator.refusals import Action, OutcomeUnknown, Scope, TelegramRefused
from simulator.mtproto.faults import Fault, FaultKind
from simulator.world.channels import Channel, Right
from simulator.world.messages import Message
from simulator.world.peers import MessageId as SimulatedId
from simulator.world.peers import person_peer
from simulator.world.people import Person
from tests.integration.accounts.cast import ANNA, BORIS, QUICK, SOON, Cast, until

SEND = "messages.SendMessage"


@pytest.fixture
def owner(cast: Cast) -> Person:
    return cast.world.add_person("+9996633333", "Olga")


@pytest.fixture
def science(cast: Cast, owner: Person) -> Channel:
    return cast.world.add_channel("Science", "science", owner=owner, about="news", linked=True)


@pytest.fixture
async def anna(cast: Cast) -> Person:
    return await cast.enlist()


@pytest.fixture
async def account(cast: Cast, anna: Person) -> AsyncIterator[TelethonAccount]:
    assert anna.phone
    async with cast.telegram.open(ANNA, None) as opened:
        yield opened


async def thread(account: TelethonAccount, channel: Channel, post: int) -> Thread:
    await account.channel_named("@science")
    return await account.thread_of(TelegramId(channel.id), MessageId(post))


def comments(cast: Cast, channel: Channel) -> list[Message]:
    return cast.world.comments_under(channel, SimulatedId(channel.last_id))


async def letter(account: TelethonAccount, cast: Cast, channel: Channel, text: str) -> Letter:
    post = cast.world.publish(channel, "a post")
    found = await thread(account, channel, post.id)
    return Letter(found.group, found.top_message, text, 4242)


async def test_the_bio_is_written_and_read_back(account: TelethonAccount, anna: Person) -> None:
    await account.set_bio("for the Institute; a machine helps me write")
    assert anna.bio == "for the Institute; a machine helps me write"
    assert (await account.profile()).bio == anna.bio


async def test_a_bio_that_is_too_long_is_refused_and_changes_nothing(
    account: TelethonAccount, anna: Person
) -> None:
    with pytest.raises(BadInput, match="70"):
        await account.set_bio("x" * 71)
    assert anna.bio == ""


async def test_a_public_channel_is_seen_by_whoever_asks_for_its_name(
    account: TelethonAccount, cast: Cast, science: Channel
) -> None:
    post = cast.world.publish(science, "first")
    seen = await account.channel_named("https://t.me/science")
    assert (int(seen.telegram_id), seen.title) == (science.id, "Science")
    assert seen.description == "news"
    assert seen.username == "science"
    assert seen.linked_group == TelegramId(cast.world.group_of(science).id)
    assert seen.members_count == 1
    assert int(seen.last_message) == post.id
    assert seen.role is Role.PUBLIC
    assert await account.channel(seen.telegram_id) == seen


async def test_the_role_follows_what_the_owner_decides(
    account: TelethonAccount, cast: Cast, science: Channel, anna: Person
) -> None:
    world = cast.world
    seen = await account.channel_named("science")
    roles = [seen.role]

    async def look() -> None:
        roles.append((await account.channel(seen.telegram_id)).role)

    world.join(science, anna)
    await look()
    world.make_admin(science, anna, Right.EDIT_MESSAGES)
    await look()
    world.make_admin(science, anna, Right.POST_MESSAGES)
    await look()
    world.dismiss_admin(science, anna)
    await look()
    world.leave(science, anna)
    await look()
    assert roles == [Role.PUBLIC, Role.MEMBER, Role.MEMBER, Role.ADMIN, Role.MEMBER, Role.PUBLIC]


async def test_the_creator_of_a_channel_is_known_as_such(
    account: TelethonAccount, cast: Cast, anna: Person
) -> None:
    own = cast.world.add_channel("Own", owner=anna)
    assert (await account.channel(TelegramId(own.id))).role is Role.CREATOR


async def test_a_channel_that_was_never_seen_cannot_be_addressed(
    account: TelethonAccount, cast: Cast, owner: Person
) -> None:
    closed = cast.world.add_channel("Closed", owner=owner)
    with pytest.raises(TelegramRefused) as caught:
        await account.channel(TelegramId(closed.id))
    assert caught.value.refusal.action is Action.SUSPEND_CHAT


async def test_a_public_channel_that_was_never_seen_is_reached_by_its_name(
    account: TelethonAccount, cast: Cast, science: Channel
) -> None:
    post = cast.world.publish(science, "news")
    channel, message = TelegramId(science.id), MessageId(post.id)
    found = await account.thread_of(channel, message, username="science")
    assert int(found.group.telegram_id) == cast.world.group_of(science).id
    assert (await account.channel(channel)).role is Role.PUBLIC


async def test_a_name_that_went_to_another_channel_reaches_nothing(
    account: TelethonAccount, cast: Cast, science: Channel, owner: Person
) -> None:
    other = cast.world.add_channel("Other", owner=owner)
    assert science.username == "science"
    with pytest.raises(TelegramRefused) as caught:
        await account.channel(TelegramId(other.id), username="science")
    assert caught.value.refusal.name == "CHANNEL_INVALID"


async def test_a_name_that_nobody_has_is_not_found(account: TelethonAccount) -> None:
    with pytest.raises(NotFound, match="@nobody_there"):
        await account.channel_named("@nobody_there")


async def test_a_person_is_no_channel(account: TelethonAccount, cast: Cast, owner: Person) -> None:
    cast.world.people.take_username(owner, "olga_here")
    with pytest.raises(BadInput, match="not a channel"):
        await account.channel_named("@olga_here")


async def test_a_comment_lands_under_its_post(
    account: TelethonAccount, cast: Cast, science: Channel, anna: Person
) -> None:
    note = await letter(account, cast, science, "well *said*")
    sent = await account.send(note, within=SOON)
    [comment] = comments(cast, science)
    assert (comment.text, comment.author, int(comment.id)) == ("well *said*", anna.id, sent.message)
    assert abs(sent.at - datetime.now(UTC)) < timedelta(minutes=1)


async def test_the_same_letter_twice_is_one_message(
    account: TelethonAccount, cast: Cast, science: Channel
) -> None:
    note = await letter(account, cast, science, "once")
    first = await account.send(note, within=SOON)
    assert await account.send(note, within=SOON) == first
    assert len(comments(cast, science)) == 1
    assert [attempt.repeated for attempt in cast.world.attempts()][-2:] == [False, True]


async def test_a_post_that_is_gone_or_without_discussion_has_no_thread(
    account: TelethonAccount, science: Channel
) -> None:
    with pytest.raises(TelegramRefused) as caught:
        await thread(account, science, 999)
    assert caught.value.refusal.action is Action.RETRY_FRESH


async def test_a_lost_answer_leaves_the_outcome_unknown_and_the_client_unusable(
    account: TelethonAccount, cast: Cast, science: Channel
) -> None:
    note = await letter(account, cast, science, "lost")
    cast.server.faults.add(Fault(SEND, FaultKind.LOST_ANSWER))
    with pytest.raises(OutcomeUnknown, match="within"):
        await account.send(note, within=timedelta(seconds=0.3))
    with pytest.raises(OutcomeUnknown, match="given up"):
        await account.profile()
    await account.wait_closed()
    async with cast.telegram.open(ANNA, None) as anew:
        again = await anew.send(note, within=SOON)
    [comment] = comments(cast, science)
    assert int(comment.id) == again.message


async def test_what_had_no_answer_in_time_never_leaves_later(
    account: TelethonAccount, cast: Cast, science: Channel
) -> None:
    note = await letter(account, cast, science, "late")
    cast.server.faults.add(Fault(SEND, FaultKind.CUT_BEFORE))
    with pytest.raises(OutcomeUnknown):
        await account.send(note, within=SOON)
    await account.wait_closed()
    async with cast.telegram.open(ANNA, None) as anew:
        await anew.profile()
    assert comments(cast, science) == []


@pytest.mark.parametrize("kind", [FaultKind.CUT_BEFORE, FaultKind.CUT_AFTER])
async def test_a_connection_cut_while_sending_is_an_unknown_outcome(
    account: TelethonAccount, cast: Cast, science: Channel, kind: FaultKind
) -> None:
    note = await letter(account, cast, science, "cut")
    cast.server.faults.add(Fault(SEND, kind))
    with pytest.raises(OutcomeUnknown):
        await account.send(note, within=SOON)


async def test_cancelling_a_send_breaks_the_connection(
    account: TelethonAccount, cast: Cast, science: Channel
) -> None:
    note = await letter(account, cast, science, "never")
    cast.server.faults.add(Fault(SEND, FaultKind.DELAY, seconds=30))
    sending = asyncio.create_task(account.send(note, within=SOON))
    await until(lambda: bool(cast.server.faults.met))
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending
    async with asyncio.timeout(5):
        await account.wait_closed()


@pytest.mark.parametrize(
    ("error", "code", "follows"),
    [
        ("FLOOD_WAIT_33", 420, (Scope.METHOD, Action.WAIT, timedelta(seconds=33))),
        ("SLOWMODE_WAIT_33", 420, (Scope.CHAT, Action.WAIT, timedelta(seconds=33))),
        ("PEER_FLOOD", 400, (Scope.ACCOUNT, Action.STOP_OUTBOUND, None)),
        ("ALLOW_PAYMENT_REQUIRED_5", 403, (Scope.PEER, Action.GIVE_UP, None)),
        ("PRIVACY_PREMIUM_REQUIRED", 406, (Scope.PEER, Action.GIVE_UP, None)),
        ("FROZEN_METHOD_INVALID", 420, (Scope.ACCOUNT, Action.FROZEN, None)),
        ("SESSION_REVOKED", 401, (Scope.ACCOUNT, Action.NEEDS_LOGIN, None)),
    ],
)
async def test_a_refused_send_says_what_follows_and_the_client_lives_on(  # noqa: PLR0917 - fixtures
    account: TelethonAccount,
    cast: Cast,
    science: Channel,
    error: str,
    code: int,
    follows: tuple[Scope, Action, timedelta | None],
) -> None:
    note = await letter(account, cast, science, "refused")
    cast.server.faults.add(Fault(SEND, FaultKind.ERROR, error, code))
    with pytest.raises(TelegramRefused) as caught:
        await account.send(note, within=SOON)
    refusal = caught.value.refusal
    assert (refusal.scope, refusal.action, refusal.delay) == follows
    await account.profile()


async def test_guests_are_told_to_be_let_in_where_only_members_comment(
    account: TelethonAccount, cast: Cast, owner: Person
) -> None:
    closed = cast.world.add_channel("Closed", "science", owner=owner, linked=True, guests=False)
    note = await letter(account, cast, closed, "hello")
    with pytest.raises(TelegramRefused) as caught:
        await account.send(note, within=SOON)
    assert caught.value.refusal.action is Action.NEEDS_JOIN


async def test_our_own_comment_is_found_again_among_many(
    account: TelethonAccount, cast: Cast, science: Channel, owner: Person
) -> None:
    note = await letter(account, cast, science, "  mine  ")
    before = datetime.now(UTC)
    assert await account.find_own(note, since=before) is None
    sent = await account.send(note, within=SOON)
    for number in range(150):
        cast.world.comment(science, SimulatedId(science.last_id), owner, f"other {number}")
    cast.world.comment(science, SimulatedId(science.last_id), owner, "mine")
    assert await account.find_own(note, since=before) == sent
    assert await account.find_own(note, since=datetime.now(UTC) + timedelta(minutes=1)) is None


async def test_a_direct_message_is_sent_found_and_deleted(
    account: TelethonAccount, cast: Cast, owner: Person, anna: Person
) -> None:
    cast.world.people.take_username(owner, "olga_here")
    known_as = cast.world.hashes.of(anna.id, person_peer(owner.id))
    peer = Peer("user", TelegramId(owner.id), known_as)
    note = Letter(peer, None, "good day", 77)
    before = datetime.now(UTC)
    sent = await account.send(note, within=SOON)
    assert await account.find_own(note, since=before) == sent
    await account.delete(peer, (sent.message,))
    assert cast.world.messages_of((owner, anna)) == []


async def test_comments_are_deleted(account: TelethonAccount, cast: Cast, science: Channel) -> None:
    note = await letter(account, cast, science, "regret")
    sent = await account.send(note, within=SOON)
    await account.delete(note.peer, (sent.message,))
    assert comments(cast, science) == []


async def test_posts_are_paged_through_oldest_first(
    account: TelethonAccount, cast: Cast, science: Channel
) -> None:
    first = cast.world.publish(science, "0")
    posts = [cast.world.publish(science, str(number)) for number in range(1, 251)]
    cast.world.delete(science, posts[9].id)
    await account.channel_named("science")
    channel = TelegramId(science.id)
    seen = [post async for post in account.posts_after(channel, MessageId(first.id), limit=1000)]
    assert [post.text for post in seen] == [str(n) for n in range(1, 251) if n != 10]
    some = [post async for post in account.posts_after(channel, MessageId(first.id), limit=120)]
    assert some == seen[:120]
    last = seen[-1].message
    assert [post async for post in account.posts_after(channel, last, limit=10)] == []


async def test_engagement_is_read_and_the_deleted_are_missing(
    account: TelethonAccount, cast: Cast, science: Channel, owner: Person
) -> None:
    note = await letter(account, cast, science, "liked")
    sent = await account.send(note, within=SOON)
    [comment] = comments(cast, science)
    comment.react(owner.id, ("👍",))
    received = await account.engagement(note.peer, (sent.message, MessageId(999)))
    assert received[sent.message] == Engagement(likes=1)
    assert list(received) == [sent.message]


@pytest.mark.usefixtures("anna")
async def test_a_dead_server_is_told_within_the_time_limit(cast: Cast) -> None:
    await cast.server.listener.stop()
    with pytest.raises(OutcomeUnknown, match="cannot be reached; is this machine's network up"):
        async with cast.telegram.open(ANNA, None):
            pytest.fail("connected to nothing")


@pytest.mark.usefixtures("anna")
async def test_a_server_that_never_answers_is_given_up(cast: Cast) -> None:
    cast.server.faults.add(Fault("*", FaultKind.DELAY, seconds=60, times=None))
    door = cast.door(replace(QUICK, connect=timedelta(seconds=0.5)))
    with pytest.raises(OutcomeUnknown, match="could not be reached"):
        async with door.open(ANNA, None):
            pytest.fail("connected to silence")


@pytest.mark.parametrize(
    ("error", "action"),
    [
        ("AUTH_KEY_DUPLICATED", Action.QUARANTINE),
        ("USER_DEACTIVATED_BAN", Action.BANNED),
        ("SESSION_REVOKED", Action.NEEDS_LOGIN),
    ],
)
@pytest.mark.usefixtures("anna")
@pytest.mark.parametrize("method", ["help.GetConfig", "updates.GetState", "users.GetUsers"])
async def test_an_account_that_may_not_open_says_why(
    cast: Cast, method: str, error: str, action: Action
) -> None:
    cast.server.faults.add(Fault(method, FaultKind.ERROR, error, times=None))
    cast.server.faults.add(Fault("updates.GetState", FaultKind.ERROR, error, times=None))
    with pytest.raises(TelegramRefused) as caught:
        async with cast.telegram.open(ANNA, None):
            pytest.fail("opened")
    assert caught.value.refusal.action is action


@pytest.mark.usefixtures("anna")
async def test_nothing_is_left_running_after_closing(cast: Cast) -> None:
    before = asyncio.all_tasks()
    async with cast.telegram.open(ANNA, None) as account:
        await account.profile()
    await until(lambda: not [t for t in asyncio.all_tasks() - before if "telethon" in repr(t)])


@pytest.mark.usefixtures("anna")
async def test_the_device_says_honestly_what_it_is(cast: Cast) -> None:
    async with cast.telegram.open(ANNA, None) as account:
        request = account.connection.client._init_request
        assert request.device_model.startswith("Troupe ")


@pytest.mark.usefixtures("anna")
async def test_each_account_connects_from_its_own_address(cast: Cast) -> None:
    await cast.enlist(BORIS, "Boris")
    async with cast.door(local_address="127.0.0.7").open(BORIS, None) as account:
        await account.profile()
