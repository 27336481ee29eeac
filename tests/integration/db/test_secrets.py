"""Secrets at rest: where the keys come from, what they protect, and how they change."""

import base64
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from db.encryption import Cipher, Undecipherable, place
from db.keys import Keyring, add_key, keep_keys, load_keyring, new_key, read_keys
from db.notify import Notices
from db.rotation import SECRETS, reencrypt_all
from db.stores import postgres_stores
from db.tables import metadata
from orchestrator.errors import BadInput
from orchestrator.ids import AccountId, TelegramId
from orchestrator.ports.sessions import StoredEntity, StoredSession, UpdateState
from orchestrator.ports.stores import Stores
from personas.persona import Persona
from tests.integration.db.conftest import OLGA, Scene


def cipher_of(*keys: str) -> Cipher:
    return Cipher(Keyring(read_keys(",".join(keys), "a test"), "a test"))


ONE, TWO = new_key(), new_key()


@given(st.binary(max_size=400))
def test_what_was_encrypted_can_be_read_in_its_place_only(secret: bytes) -> None:
    cipher = cipher_of(ONE)
    sealed = cipher.encrypt(secret, place("accounts", "phone_encrypted", 1))
    assert cipher.decrypt(sealed, place("accounts", "phone_encrypted", 1)) == secret
    for elsewhere in (
        place("accounts", "phone_encrypted", 2),
        place("accounts", "phone_encrypte", "d", 1),
        place("account_sessions", "auth_key_encrypted", 1),
    ):
        with pytest.raises(Undecipherable):
            cipher.decrypt(sealed, elsewhere)


@given(st.integers(0, 60), st.integers(1, 255))
def test_a_changed_byte_is_noticed(index: int, change: int) -> None:
    sealed = bytearray(cipher_of(ONE).encrypt(b"+79990001122", b"here"))
    index %= len(sealed)
    sealed[index] ^= change
    with pytest.raises(Undecipherable):
        cipher_of(ONE).decrypt(bytes(sealed), b"here")


@given(st.binary(max_size=40))
def test_rubbish_is_refused(rubbish: bytes) -> None:
    with pytest.raises(Undecipherable):
        cipher_of(ONE).decrypt(rubbish, b"here")


def test_an_older_key_still_reads_and_a_missing_one_is_named_as_such() -> None:
    sealed = cipher_of(ONE).encrypt(b"secret", b"here")
    assert cipher_of(TWO, ONE).decrypt(sealed, b"here") == b"secret"
    with pytest.raises(Undecipherable, match="TROUPE_ENCRYPTION_KEY"):
        cipher_of(TWO).decrypt(sealed, b"here")


def test_a_key_that_was_added_elsewhere_is_found_without_a_restart(tmp_path: Path) -> None:
    old = Cipher(load_keyring(None, tmp_path), lambda: load_keyring(None, tmp_path))
    new = Cipher(add_key(tmp_path / "encryption.keys"))
    assert new.header != old.header
    assert old.decrypt(new.encrypt(b"secret", b"here"), b"here") == b"secret"


def test_a_key_file_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    first, second = (load_keyring(None, tmp_path / "new" / "folder") for _ in range(2))
    assert first.keys == second.keys
    path = tmp_path / "new" / "folder" / "encryption.keys"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["encryption.keys"]
    path.chmod(0o644)
    with pytest.raises(BadInput, match="chmod 600"):
        load_keyring(None, tmp_path / "new" / "folder")


def test_a_key_that_is_given_counts_before_all_others(tmp_path: Path) -> None:
    keyring = load_keyring(f" {ONE}, {TWO}\n", tmp_path)
    assert keyring.active.secret == base64.b64decode(ONE)
    assert len(keyring.keys) == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "given_key",
    ["short", "AAAA", ONE[:-4], ONE + "=", "ключ"],
    ids=["too short", "of three bytes", "cut off", "padded twice", "no base64"],
)
def test_a_key_of_the_wrong_form_is_refused_and_not_repeated(
    tmp_path: Path, given_key: str
) -> None:
    with pytest.raises(BadInput) as refused:
        load_keyring(given_key, tmp_path)
    assert given_key not in str(refused.value)


def test_keys_can_be_dropped_from_the_file(tmp_path: Path) -> None:
    load_keyring(None, tmp_path)
    path = tmp_path / "encryption.keys"
    keep_keys(path, add_key(path).keys[:1])
    assert len(load_keyring(None, tmp_path).keys) == 1


def test_no_secret_shows_when_it_is_printed() -> None:
    keyring = Keyring(read_keys(ONE, "a test"), "a test")
    assert str(keyring.active.secret) not in repr(keyring)


def test_rotation_knows_every_encrypted_column() -> None:
    encrypted = {
        (table.name, column.name)
        for table in metadata.tables.values()
        for column in table.columns
        if column.name.endswith("_encrypted")
    }
    assert {(secret.table.name, secret.column) for secret in SECRETS} == encrypted


async def test_rotation_rewrites_every_secret_under_the_newest_key(
    engine: AsyncEngine, database_url: str
) -> None:
    before = postgres_stores(engine, cipher_of(ONE), Notices(database_url))
    account = await account_with_secrets(before)
    both, after = cipher_of(TWO, ONE), cipher_of(TWO)
    assert await reencrypt_all(engine, both) == 3
    assert await reencrypt_all(engine, both) == 0
    stores = postgres_stores(engine, after, Notices(database_url))
    assert await stores.accounts.phone_of(account) == "+79990001122"
    session = await stores.sessions.load_session(account)
    assert session is not None
    assert session.auth_key == b"k" * 256
    [entity] = await stores.sessions.load_entities(account)
    assert entity.phone == "+7111"


async def account_with_secrets(stores: Stores) -> AccountId:
    await stores.library.put_persona(OLGA, Persona(key="anna", name="Anna", disclosure="AI"))
    account = await stores.accounts.add_account(OLGA, "anna", "+79990001122", "anna")
    await stores.sessions.save_session(account.id, StoredSession(2, "1.2.3.4", 443, b"k" * 256))
    known = StoredEntity(TelegramId(5), "user", 77, "bob", "+7111")
    await stores.sessions.save_entities(account.id, [known])
    return account.id


async def test_a_session_comes_back_as_it_was_stored(scene: Scene) -> None:
    updates = UpdateState(10, 0, 1_700_000_000, 3, {700: 12, 701: 1})
    session = StoredSession(4, "149.154.167.91", 443, bytes(range(256)), TelegramId(9), updates)
    await scene.stores.sessions.save_session(scene.anna, session)
    assert await scene.stores.sessions.load_session(scene.anna) == session
    later = replace(updates, pts=11)
    await scene.stores.sessions.save_update_state(scene.anna, later)
    stored = await scene.stores.sessions.load_session(scene.anna)
    assert stored is not None
    assert stored.updates == later
    await scene.stores.sessions.forget_session(scene.anna)
    assert await scene.stores.sessions.load_session(scene.anna) is None


async def test_neither_key_nor_number_is_stored_in_the_clear(scene: Scene) -> None:
    stored = await scene.sql("SELECT phone_encrypted FROM accounts")
    assert b"79990001122" not in stored
    assert b"kkkkkkkk" not in await scene.sql("SELECT auth_key_encrypted FROM account_sessions")
    assert (await scene.stores.accounts.account(scene.anna)).phone_hint == "22"


async def test_access_hashes_are_refreshed_and_a_known_number_is_kept(scene: Scene) -> None:
    sessions = scene.stores.sessions
    known = StoredEntity(TelegramId(5), "user", 77, "bob", "+7111")
    await sessions.save_entities(scene.anna, [known, StoredEntity(TelegramId(5), "channel", 1)])
    await sessions.save_entities(scene.anna, [StoredEntity(TelegramId(5), "user", 78, "bob")])
    entities = {entity.kind: entity for entity in await sessions.load_entities(scene.anna)}
    assert entities["user"] == replace(known, access_hash=78)
    assert entities["channel"].access_hash == 1
