"""Accounts, the library, campaigns, settings, and the audit log beside each change."""

import asyncio
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from db.encryption import Cipher
from db.keys import EncryptionKey, Keyring
from db.rotation import reencrypt_all
from db.stores.accounts import PostgresAccounts
from orchestrator.campaigns.window import Window
from orchestrator.errors import AlreadyExists, BadInput, NotAllowed, NotFound
from orchestrator.ids import TelegramId
from orchestrator.library.node_library import NodeLibrary
from orchestrator.ports.accounts import AccountEvent, AccountState
from orchestrator.ports.campaigns import CampaignState, NewCampaign, NewSchedule
from orchestrator.ports.logs import Operation, OperationKind
from orchestrator.ports.stores import Stores
from orchestrator.ports.telegram import Profile
from orchestrator.service.settings import SettingsDesk
from personas.persona import Persona
from personas.scripts.model import Script, ScriptKind
from tests.integration.db.conftest import OLGA, Scene, new_grant

SCRIPT = Script.model_validate(
    {
        "key": "comets",
        "kind": "comment",
        "name": "Comets",
        "language": "en",
        "triggers": [{"key": "tail", "examples": ["a comet's tail"], "responses": ["It glows."]}],
    }
)


async def test_a_name_belongs_to_one_account(scene: Scene) -> None:
    with pytest.raises(AlreadyExists, match="anna"):
        await scene.stores.accounts.add_account(OLGA, "anna", "+1", "anna")


async def test_an_account_needs_a_persona_that_is_there(scene: Scene) -> None:
    with pytest.raises(NotFound, match="anna"):
        await scene.stores.accounts.add_account(OLGA, "boris", "+1", "nobody")
    assert [account.name for account in await scene.stores.accounts.accounts()] == ["anna"]


async def test_a_state_is_moved_with_its_reason_its_event_and_its_audit_row(scene: Scene) -> None:
    accounts = scene.stores.accounts
    for _ in range(2):
        await accounts.set_account_state(OLGA, scene.anna, AccountState.FROZEN, "by Telegram")
    account = await accounts.account_named("anna")
    assert (account.state, account.state_reason) == (AccountState.FROZEN, "by Telegram")
    [event, *_] = await accounts.account_events(scene.anna, 9)
    assert (event.kind, event.detail) == (AccountEvent.FREEZE, "active → frozen: by Telegram")
    assert len(await accounts.account_events(None, 9)) == 2
    [entry, *_] = await scene.stores.logs.audit_entries(1)
    assert (entry.actor, entry.action) == ("olga", "set_account_state")


async def test_a_changed_bio_is_an_event(scene: Scene) -> None:
    accounts = scene.stores.accounts
    for bio in ("Museum, AI", "Museum, AI", "nothing to see"):
        profile = Profile(TelegramId(9), "anna_sky", "Anna", bio)
        await accounts.record_profile(scene.anna, profile)
    kinds = [event.kind for event in await accounts.account_events(scene.anna, 9)]
    assert kinds.count(AccountEvent.BIO_CHANGED) == 1
    assert (await accounts.account(scene.anna)).bio == "nothing to see"


async def test_two_accounts_are_never_the_same_telegram_user(scene: Scene) -> None:
    accounts = scene.stores.accounts
    boris = await accounts.add_account(OLGA, "boris", "+1", "anna")
    profile = Profile(TelegramId(9), None, "Anna", "")
    await accounts.record_profile(scene.anna, profile)
    with pytest.raises(AlreadyExists):
        await accounts.record_profile(boris.id, profile)


async def test_a_phone_number_belongs_to_one_account_also_after_keys_rotated(
    scene: Scene, engine: AsyncEngine
) -> None:
    accounts = scene.stores.accounts
    assert isinstance(accounts, PostgresAccounts)
    newer = Keyring((EncryptionKey(b"n" * 32), *accounts.cipher.keyring.keys), "a test")
    rotated = PostgresAccounts(engine, Cipher(newer))
    for store in (accounts, rotated):
        with pytest.raises(AlreadyExists, match="account anna has this phone number"):
            await store.add_account(OLGA, "boris", "+79990001122", "anna")
    assert (await rotated.add_account(OLGA, "boris", "+78880001122", "anna")).state == "new"
    await reencrypt_all(engine, rotated.cipher)
    with pytest.raises(AlreadyExists, match="`troupe accounts remove boris` forgets it"):
        await rotated.add_account(OLGA, "clara", "+78880001122", "anna")


async def test_of_two_who_add_one_phone_number_at_once_one_does(scene: Scene) -> None:
    add = scene.stores.accounts.add_account
    adding = (add(OLGA, name, "+1", "anna") for name in ("boris", "clara", "dora"))
    ended = await asyncio.gather(*adding, return_exceptions=True)
    assert sorted(type(one) is AlreadyExists for one in ended) == [False, True, True]


async def test_an_account_that_never_signed_in_is_forgotten_with_its_plans(scene: Scene) -> None:
    stores = scene.stores
    boris = (await stores.accounts.add_account(OLGA, "boris", "+1", "anna")).id
    plan = NewSchedule(
        boris, scene.channel, comments_per_day=3, window=Window.between("09:00", "23:00")
    )
    campaign = NewCampaign("tails", "UTC", "", (), (plan,))
    await stores.campaigns.add_campaign(OLGA, campaign)
    await stores.accounts.record_event(boris, AccountEvent.ALERT, "a wrong code")
    await stores.accounts.remove_account(OLGA, boris)
    assert [one.name for one in await stores.accounts.accounts()] == ["anna"]
    [entry, *_] = await stores.logs.audit_entries(1)
    assert (entry.action, entry.subject) == ("remove_account", "account boris")
    assert (await stores.accounts.add_account(OLGA, "boris", "+1", "anna")).name == "boris"


async def test_what_an_account_that_signed_in_left_stays_on_record(scene: Scene) -> None:
    accounts = scene.stores.accounts
    boris = (await accounts.add_account(OLGA, "boris", "+1", "anna")).id
    await accounts.record_profile(boris, Profile(TelegramId(9), None, "Boris", ""))
    for account, name in ((scene.anna, "anna"), (boris, "boris")):
        with pytest.raises(NotAllowed, match=f"`troupe accounts retire {name}`"):
            await accounts.remove_account(OLGA, account)
    assert len(await accounts.accounts()) == 2


async def test_a_bio_without_the_disclosure_is_recorded_as_such(scene: Scene) -> None:
    accounts = scene.stores.accounts
    assert (await accounts.account(scene.anna)).disclosed_at is not None
    await accounts.record_disclosure(scene.anna, scene.holder.fence, disclosed=False)
    assert (await accounts.account(scene.anna)).disclosed_at is None


async def test_what_is_missing_is_answered_with_what_there_is(scene: Scene) -> None:
    stores = scene.stores
    with pytest.raises(NotFound, match="anna"):
        await stores.accounts.account_named("olga")
    with pytest.raises(NotFound, match="comets"):
        await stores.campaigns.campaign_named("planets")
    with pytest.raises(NotFound):
        await stores.library.script_named("comets")


async def test_a_script_gets_a_version_only_when_it_changed(stores: Stores) -> None:
    library = stores.library
    assert await library.put_script(OLGA, SCRIPT, "first")
    assert not await library.put_script(OLGA, SCRIPT, "again")
    louder = SCRIPT.model_copy(update={"name": "Comets!"})
    assert await library.put_script(OLGA, louder, "louder")
    [record] = await library.scripts()
    assert (record.version, record.name, record.triggers) == (2, "Comets!", 1)
    assert await library.script_named("comets") == louder
    [published] = await NodeLibrary(stores.labels).published(ScriptKind.COMMENT)
    assert (published.version_id, published.script) == (record.version_id, louder)


async def test_a_version_never_changes(scene: Scene) -> None:
    await scene.stores.library.put_script(OLGA, SCRIPT, "first")
    with pytest.raises(DBAPIError, match="never changes"):
        await scene.sql("UPDATE script_versions SET content = '{}'")


async def test_the_audit_log_only_grows(scene: Scene) -> None:
    for statement in ("UPDATE audit_log SET actor = 'nobody'", "DELETE FROM audit_log"):
        with pytest.raises(DBAPIError, match="only ever added to"):
            await scene.sql(statement)


async def test_a_persona_comes_back_as_it_was_put(stores: Stores) -> None:
    persona = Persona.model_validate(
        {
            "key": "olga",
            "name": "Ольга",
            "tone": "warm",
            "interests": ["кометы"],
            "vocabulary": {"очень": ["весьма", "сильно"]},
            "languages": ["ru"],
            "examples": ["Здравствуйте!"],
            "forbidden_topics": ["политика"],
            "disclosure": "Музей космоса · пишет ИИ",
        }
    )
    assert await stores.library.put_persona(OLGA, persona)
    assert not await stores.library.put_persona(OLGA, persona)
    assert (await stores.library.persona_named("olga")).persona == persona


async def test_a_campaign_comes_back_with_its_windows(scene: Scene) -> None:
    boris = await scene.stores.accounts.add_account(OLGA, "boris", "+1", "anna")
    window = Window.between("22:00", "02:30")
    schedule = NewSchedule(boris.id, scene.channel, 5, window)
    added = await scene.stores.campaigns.add_campaign(
        OLGA, NewCampaign("night", "Asia/Kathmandu", "", ("comets",), (schedule,))
    )
    assert added.state is CampaignState.DRAFT
    [stored] = added.schedules
    assert (stored.account, stored.window, stored.sent_today) == ("boris", window, 0)
    assert ZoneInfo(added.time_zone)
    with pytest.raises(AlreadyExists, match="night"):
        await scene.stores.campaigns.add_campaign(OLGA, NewCampaign("night", "UTC", "", (), ()))
    twice = NewCampaign("day", "UTC", "", (), (schedule,))
    with pytest.raises(AlreadyExists, match='boris speaks in Sky for the campaign "night"'):
        await scene.stores.campaigns.add_campaign(OLGA, twice)
    assert len(await scene.stores.campaigns.campaigns()) == 2


async def test_where_a_campaign_was_stopped_for_good_another_may_speak(scene: Scene) -> None:
    plan = NewSchedule(scene.anna, scene.channel, 5, Window.between("09:00", "18:00"))
    later = NewCampaign("later", "UTC", "", (), (plan,))
    store = scene.stores.campaigns
    await store.set_campaign_state(OLGA, scene.campaign, CampaignState.PAUSED)
    with pytest.raises(AlreadyExists, match='campaign "comets"'):
        await store.add_campaign(OLGA, later)
    await store.set_campaign_state(OLGA, scene.campaign, CampaignState.STOPPED)
    [schedule] = (await store.campaign_named("comets")).schedules
    assert not schedule.is_active
    with pytest.raises(NotAllowed, match="comets was stopped for good"):
        await store.set_campaign_state(OLGA, scene.campaign, CampaignState.RUNNING)
    [schedule] = (await store.add_campaign(OLGA, later)).schedules
    assert schedule.is_active


async def test_a_channel_has_one_live_grant(scene: Scene) -> None:
    with pytest.raises(AlreadyExists):
        await scene.stores.grants.add_grant(OLGA, new_grant(scene.channel, scene.anna))
    await scene.stores.grants.revoke_and_cancel(OLGA, scene.grant)
    await scene.stores.grants.add_grant(OLGA, new_grant(scene.channel, scene.anna))
    assert len(await scene.stores.grants.grants()) == 2


async def test_settings_are_kept_as_they_were_put(stores: Stores) -> None:
    await stores.settings.put_setting(OLGA, "pace", '{"apart": 20}')
    await stores.settings.put_setting(OLGA, "pace", '{"apart": 30}')
    assert await stores.settings.settings() == {"pace": '{"apart": 30}'}
    [entry, *_] = await stores.logs.audit_entries(9)
    assert entry.before is not None
    assert "20" in entry.before


async def test_operations_go_into_the_month_they_belong_to(scene: Scene) -> None:
    operation = Operation(
        OperationKind.SEND_MESSAGE,
        scene.anna,
        succeeded=False,
        duration=timedelta(seconds=1.5),
        error="no",
    )
    await scene.stores.logs.record_entries([operation] * 3)
    assert await scene.sql("SELECT count(*) FROM operation_logs WHERE duration_ms = 1500") == 3
    assert await scene.sql("SELECT count(*) FROM operation_logs_default") == 0


async def test_a_span_is_set_in_its_standard_form_and_never_below_nothing(scene: Scene) -> None:
    numbers = SettingsDesk(scene.stores.settings)
    assert await numbers.put(OLGA, "account_pace.apart", "90") == '"PT1M30S"'
    assert await scene.stores.settings.settings() == {"account_pace.apart": '"PT1M30S"'}
    for negative in ("-5", "-PT5S"):
        with pytest.raises(BadInput, match="no span of time"):
            await numbers.put(OLGA, "account_pace.apart", negative)
    assert (await numbers.tuning()).account_pace.apart == timedelta(seconds=90)
