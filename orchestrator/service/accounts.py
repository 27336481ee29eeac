"""What doors may ask about accounts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.actor import Actor
from orchestrator.commands import EndSession, WriteBio
from orchestrator.errors import BadInput, NotAllowed
from orchestrator.lanes.disclosure import carries
from orchestrator.lanes.door import AccountDoor
from orchestrator.ports.accounts import Account, AccountEvent, AccountState, EventRecord
from orchestrator.ports.logs import SessionEvent, SessionKind
from orchestrator.ports.telegram import Profile, SignInAnswers
from orchestrator.refusals import PARKS_ACCOUNT, TelegramRefused
from orchestrator.stage import Stage
from orchestrator.study_groups.bios import bio_for, roles_named

SIGNED_OUT = frozenset({AccountState.NEW, AccountState.NEEDS_LOGIN, AccountState.RETIRED})
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


@dataclass(frozen=True, slots=True)
class Accounts:
    """Adds accounts, signs them in and out, and says how they are."""

    stage: Stage
    door: AccountDoor

    async def check_new(self, name: str, persona: str) -> None:
        """Refuse a name or a persona before anybody is asked for the phone number."""
        if not NAME.fullmatch(name):
            raise BadInput(
                f'"{name}" cannot be an account\'s name: use up to 32 of a-z, 0-9, "-" and "_"'
            )
        await self.stage.stores.accounts.check_new_account(name, persona)

    async def add(self, actor: Actor, name: str, phone: str, persona: str) -> Account:
        """Record an account of the organisation; nothing is sent to Telegram yet."""
        await self.check_new(name, persona)
        return await self.stage.stores.accounts.add_account(actor, name, phone, persona)

    async def remove(self, actor: Actor, name: str) -> None:
        """Forget an account that never signed in, such as one whose number was mistyped."""
        account = await self.stage.stores.accounts.account_named(name)
        async with self.door.holding(account.id):
            await self.stage.stores.accounts.remove_account(actor, account.id)

    async def is_signed_in(self, name: str) -> bool:
        """Tell whether the account has a session that nothing is known to be wrong with."""
        account = await self.stage.stores.accounts.account_named(name)
        if account.state in SIGNED_OUT:
            return False
        return await self.stage.stores.sessions.load_session(account.id) is not None

    async def login(self, actor: Actor, name: str, answers: SignInAnswers) -> Profile:
        """Sign the account in, with a person answering; the account is active afterwards."""
        account = await self.stage.stores.accounts.account_named(name)
        phone = await self.stage.stores.accounts.phone_of(account.id)
        async with self.door.holding(account.id):
            profile = await self.stage.telegram.sign_in(account.id, phone, answers)
            await self.stage.stores.accounts.record_profile(account.id, profile)
        await self.stage.stores.accounts.record_event(
            account.id, AccountEvent.LOGIN, f"signed in by {actor.name}"
        )
        await self.set_state(actor, account, AccountState.ACTIVE, None)
        return profile

    async def logout(self, actor: Actor, name: str) -> None:
        """End the session on Telegram's side and forget its key."""
        account = await self.stage.stores.accounts.account_named(name)
        await self.door.ask(account.id, EndSession())
        await self.forget_session(actor, account)
        await self.set_state(actor, account, AccountState.NEEDS_LOGIN, "signed out")

    async def retire(self, actor: Actor, name: str) -> None:
        """Sign an account out for good; its history stays, and signing in brings it back."""
        account = await self.stage.stores.accounts.account_named(name)
        if await self.stage.stores.sessions.load_session(account.id) is not None:
            try:
                await self.door.ask(account.id, EndSession())
            except TelegramRefused as refused:
                # What Telegram ended itself need not be ended any more.
                if refused.refusal.action not in PARKS_ACCOUNT:
                    raise
            await self.forget_session(actor, account)
        await self.set_state(actor, account, AccountState.RETIRED, f"retired by {actor.name}")

    async def forget_session(self, actor: Actor, account: Account) -> None:
        """Forget the key of a session that was ended, and note that it was."""
        await self.stage.stores.sessions.forget_session(account.id)
        await self.stage.stores.accounts.record_event(
            account.id, AccountEvent.LOGOUT, f"signed out by {actor.name}"
        )
        told = SessionEvent(SessionKind.LOGOUT, account.id, cause=f"signed out by {actor.name}")
        self.stage.operations.note(told)

    async def pause(self, actor: Actor, name: str) -> None:
        """Finish what is being sent, then disconnect the account."""
        account = await self.stage.stores.accounts.account_named(name)
        check_signed_in(account)
        await self.set_state(actor, account, AccountState.PAUSED, f"paused by {actor.name}")

    async def resume(self, actor: Actor, name: str) -> None:
        """Let a paused or limited account go on."""
        account = await self.stage.stores.accounts.account_named(name)
        resumable = {AccountState.PAUSED, AccountState.LIMITED, AccountState.PUBLIC_STOPPED}
        if account.state not in resumable | {AccountState.FROZEN, AccountState.ACTIVE}:
            raise NotAllowed(
                f"{name} is {account.state}: `troupe accounts login {name}` signs it in again"
            )
        await self.set_state(actor, account, AccountState.ACTIVE, None)

    async def disclose(self, actor: Actor, name: str) -> Profile:
        """Write the persona's disclosure into the account's public bio (charter rule 2)."""
        account = await self.stage.stores.accounts.account_named(name)
        check_signed_in(account)
        if account.disclosure is None:
            raise NotAllowed(f"{name} has no persona whose disclosure could be written")
        roles = await self.stage.stores.study_groups.roles_of(account.id)
        bio = bio_for(account.disclosure, roles)
        profile = await self.door.ask(account.id, WriteBio(bio))
        if not isinstance(profile, Profile) or not carries(profile.bio, account.disclosure):
            raise NotAllowed(f"Telegram did not keep the bio of {name}: try again in a minute")
        await self.stage.stores.accounts.record_profile(account.id, profile)
        await self.stage.stores.study_groups.note_bio(account.id, roles_named(profile.bio))
        await self.stage.stores.accounts.record_event(
            account.id, AccountEvent.BIO_CHANGED, f"disclosed by {actor.name}"
        )
        return profile

    async def show(self, name: str) -> Account:
        """Return one account; raises NotFound."""
        return await self.stage.stores.accounts.account_named(name)

    async def list(self) -> Sequence[Account]:
        """Return all accounts by name."""
        return await self.stage.stores.accounts.accounts()

    async def events(self, name: str | None, limit: int) -> Sequence[EventRecord]:
        """Return what happened, newest first, to one account or to all."""
        if name is None:
            return await self.stage.stores.accounts.account_events(None, limit)
        account = await self.stage.stores.accounts.account_named(name)
        return await self.stage.stores.accounts.account_events(account.id, limit)

    async def set_state(
        self, actor: Actor, account: Account, state: AccountState, reason: str | None
    ) -> None:
        """Move the account, with its audit row and its line in the session log."""
        await self.stage.stores.accounts.set_account_state(actor, account.id, state, reason)
        cause = f"{account.state} → {state} by {actor.name}" + (f": {reason}" if reason else "")
        self.stage.operations.note(SessionEvent(SessionKind.STATE_CHANGED, account.id, cause=cause))


def check_signed_in(account: Account) -> None:
    """Raise NotAllowed for an account that has no session to do anything with."""
    if account.state in SIGNED_OUT:
        name = account.name
        raise NotAllowed(f"{name} is not signed in: `troupe accounts login {name}` comes first")
