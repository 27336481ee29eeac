"""The session in memory."""

from datetime import UTC, datetime

from telethon import types as tl

from accounts.session import CollectingSession
from orchestrator.ids import TelegramId
from orchestrator.ports.sessions import StoredEntity, StoredSession, UpdateState

STATE = UpdateState(pts=5, qts=1, date=1_700_000_000, seq=2, channels={2_000_000_001: 9})
STORED = StoredSession(2, "127.0.0.1", 443, b"k" * 256, TelegramId(7), STATE)
ME = StoredEntity(TelegramId(7), "user", 70)
CHANNEL = StoredEntity(TelegramId(2_000_000_001), "channel", 90, "science")


def test_a_session_comes_back_as_it_was_stored() -> None:
    session = CollectingSession(STORED, [ME])
    assert session.stored(TelegramId(7), STATE) == STORED
    assert session.fresh_entities() == ()


def test_the_stored_update_state_is_handed_to_telethon() -> None:
    states = dict(CollectingSession(STORED).get_update_states())
    assert (states[0].pts, states[0].qts, states[0].seq) == (5, 1, 2)
    assert states[0].date == datetime.fromtimestamp(1_700_000_000, UTC)
    assert states[2_000_000_001].pts == 9


def test_the_state_that_telethon_would_save_is_ignored() -> None:
    session = CollectingSession(STORED)
    session.set_update_state(0, tl.updates.State(99, 99, datetime.now(UTC), 99, 0))
    assert dict(session.get_update_states())[0].pts == 5


def test_peers_are_found_by_marked_and_bare_number_and_by_name() -> None:
    session = CollectingSession(STORED, [ME, CHANNEL])
    address = tl.InputPeerChannel(2_000_000_001, 90)
    assert session.get_input_entity(2_000_000_001) == address
    assert session.get_input_entity(tl.PeerChannel(2_000_000_001)) == address
    assert session.get_input_entity("@Science") == address


def test_telethon_learns_who_we_are_from_entity_zero() -> None:
    session = CollectingSession(STORED, [ME])
    assert session.get_input_entity(0) == tl.InputPeerUser(0, 7)
    assert session.get_input_entity(7) == tl.InputPeerUser(7, 70)


def test_only_what_is_new_or_changed_is_to_be_saved() -> None:
    session = CollectingSession(STORED, [ME])
    vera = tl.User(8, access_hash=80, first_name="Vera", username="Vera")
    me = tl.User(7, access_hash=70, first_name="Anna", is_self=True)
    session.process_entities(tl.contacts.ResolvedPeer(tl.PeerUser(8), [], [vera, me]))
    fresh = session.fresh_entities()
    assert fresh == (StoredEntity(TelegramId(8), "user", 80, "vera"),)
    assert session.fresh_entities() == fresh
    session.note_stored(fresh)
    session.process_entities(tl.contacts.ResolvedPeer(tl.PeerUser(8), [], [vera]))
    assert session.fresh_entities() == ()


def test_what_changes_while_it_is_being_stored_stays_to_be_stored() -> None:
    session = CollectingSession(STORED)
    session.remember_person(tl.User(8, access_hash=80, first_name="Vera"))
    fresh = session.fresh_entities()
    session.remember_person(tl.User(8, access_hash=81, first_name="Vera"))
    session.note_stored(fresh)
    assert [entity.access_hash for entity in session.fresh_entities()] == [81]


def test_people_who_merely_talk_in_a_group_are_not_remembered() -> None:
    session = CollectingSession(STORED)
    crowd = [tl.User(number, access_hash=1, first_name="X") for number in range(7, 30)]
    group = tl.Channel(
        5, "Chat", tl.ChatPhotoEmpty(), datetime.now(UTC), megagroup=True, access_hash=3
    )
    state = tl.updates.State(1, 0, datetime.now(UTC), 0, 0)
    session.process_entities(tl.updates.Difference([], [], [], [group], crowd, state))
    session.process_entities(tl.contacts.ResolvedPeer(None, [group], crowd))
    kept = {(entity.kind, entity.telegram_id) for entity in session.fresh_entities()}
    assert kept == {("channel", 5), ("user", 7)}


def test_whoever_writes_in_private_is_remembered() -> None:
    session = CollectingSession(STORED)
    session.remember_person(tl.User(8, access_hash=80, first_name="Vera"))
    assert session.get_input_entity(8) == tl.InputPeerUser(8, 80)
    assert len(session.fresh_entities()) == 1


def test_a_hash_of_a_min_user_is_not_taken() -> None:
    session = CollectingSession()
    vague = tl.User(8, access_hash=80, first_name="Vera", min=True)
    session.process_entities(tl.contacts.ResolvedPeer(tl.PeerUser(8), [], [vague]))
    assert session.fresh_entities() == ()


def test_a_key_never_shows_in_a_representation() -> None:
    assert "kkk" not in repr(STORED)
