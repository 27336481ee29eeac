"""The walk through setting up a desk: its bot, its groups, its people."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from cli.asking import NobodyAnswers, aside, ask, ask_unseen, asked_until_right
from cli.compose import Company, cipher_for
from cli.desk_bot import bots_of
from cli.desk_ways import Way
from cli.output import say, working
from cli.running import actor
from db.desk_memory import desk_memory
from db.stores.desk_relays import PostgresBots, door_stores
from desk.setup import BotSeen, GroupHeard, GroupRights, SetupBot, setup_bot
from orchestrator.errors import BadInput
from orchestrator.ports.desk import UpdateStore
from orchestrator.service.nodes import NodeStanding
from support.groups import GroupUse
from support.ids import ChatId
from support.invitations import invitation_link
from support.people import NewTechnician, Role

INVITATION_LASTS = timedelta(days=7)
TRIES = 5
"""How often a group is looked at again before the walk ends."""

MOST_LINKS = 50
"""How many links are made at once; `troupe desk invite` makes more."""

YES, NO = frozenset({"y", "yes"}), frozenset({"n", "no"})

Missing = Callable[[GroupRights], str | None]
"""Says what a person must change in a group before it can be used; None: nothing."""

WAYS = {"1": Way.TAKE, "2": Way.TOPICS, "3": Way.BOTH}


@dataclass(slots=True)
class Codes:
    """Words that are said in groups, another one for each."""

    word: str
    count: int = field(default=0)

    def next(self) -> str:
        """Return the next word: the first is just as it was given, later ones have a number."""
        self.count += 1
        return self.word if self.count == 1 else f"{self.word}_{self.count}"


@dataclass(slots=True)
class Walk:
    """Goes through the steps, and asks for what nobody told it."""

    company: Company
    bot: SetupBot
    me: BotSeen
    updates: UpdateStore
    codes: Codes
    patience: timedelta

    async def go(self, way: Way | None) -> None:
        """Find the groups and the people."""
        chosen = way or await asked_until_right(ask_way)
        if chosen in {Way.TAKE, Way.BOTH}:
            await self.find_operators()
        if chosen in {Way.TOPICS, Way.BOTH}:
            await self.find_main_groups()
            await self.find_technicians()
        await self.invite()
        say(f"The desk is set up. {await self.who_runs_it()}")

    async def who_runs_it(self) -> str:
        """Say which process takes the desk up, or what starts one."""
        nodes = await self.company.service.nodes.list()
        living = [node.name for node in nodes if node.standing != NodeStanding.SILENT]
        if not living:
            return "It works while Troupe runs: troupe run"
        return f"Troupe runs as {living[0]} and takes it up within seconds: troupe desk status"

    async def find_operators(self) -> None:
        """Find the group in which cards are shown."""
        group = await self.find_group("the operators' group", missing_for_cards)
        await self.use(group, GroupUse.OPERATORS)

    async def find_main_groups(self) -> None:
        """Find the groups with a topic for each ticket; several share the load."""
        while True:
            group = await self.hear_forum("the group in which every ticket gets a topic")
            await self.use(group, GroupUse.MAIN)
            if not await agrees("Is there another group to share the load with?"):
                return

    async def hear_forum(self, what: str) -> GroupHeard:
        """Find a group in which the bot can open topics; raises BadInput when none becomes one."""
        return await self.find_group(what, missing_for_topics)

    async def find_group(self, what: str, missing: Missing) -> GroupHeard:
        """Find a group that is meant and lacks nothing; raises BadInput when none becomes one."""
        group = await self.hear_meant(what)
        for _ in range(TRIES):
            wrong = missing(await self.bot.rights(group.chat))
            if wrong is None:
                return group
            if not await mended(group, wrong):
                group = await self.hear_meant(what)
        raise BadInput(f'"{group.title}" cannot be used yet: run this again later')

    async def hear_meant(self, what: str) -> GroupHeard:
        """Wait for words until one was said in the group that a person means."""
        while True:
            group = await self.hear(what)
            if await agrees(f'Found "{group.title}": use it?', default=True):
                return group

    async def find_technicians(self) -> None:
        """Find technicians and the groups in which they see their tickets."""
        while True:
            name = await aside(ask, "Name of a technician with a group of their own (empty: none)")
            if not name:
                return
            group = await self.hear_forum(f"{name}'s group")
            new = NewTechnician(name, group=ChatId(group.chat))
            await self.company.service.support.put_technician(actor(), new)
            say(f'{name} works in "{group.title}".')

    async def hear(self, what: str) -> GroupHeard:
        """Wait until the code word is said; raises BadInput when nobody says it."""
        code = self.codes.next()
        say(f"Make @{self.me.username} an admin of {what}, and write there: /{code}")
        with working(f"Waiting for /{code}"):
            heard = await self.bot.hear(code, self.updates, self.patience.total_seconds())
        if heard is None:
            raise BadInput(
                f"nobody wrote /{code} where @{self.me.username} hears it: is it an admin there?"
            )
        return heard

    async def use(self, group: GroupHeard, use: GroupUse) -> None:
        """Remember a group."""
        await self.company.service.support.put_group(actor(), group.chat, use, group.title)
        say(f'The desk uses "{group.title}", number {group.chat}.')

    async def invite(self) -> None:
        """Make links by which people become admins and operators."""
        support = self.company.service.support
        if not any(one.is_admin for one in await support.staff()):
            say("Open this link yourself: it makes you the desk's admin.")
            await self.show_link(Role.ADMIN)
        for _ in range(await asked_until_right(ask_how_many)):
            await self.show_link(Role.OPERATOR)

    async def show_link(self, role: Role) -> None:
        """Make a link and show it, this once."""
        roles = frozenset({role})
        made = await self.company.service.support.invite(actor(), roles, INVITATION_LASTS)
        say(invitation_link(self.me.username, made.code))


def missing_for_cards(rights: GroupRights) -> str | None:
    """Say what a person must change in a group before cards are shown there."""
    return None if rights.is_admin else "the bot is no admin: make it one"


def missing_for_topics(rights: GroupRights) -> str | None:
    """Say what a person must change in a group before topics can be opened there."""
    if not rights.is_forum:
        return "switch Topics on in the group's settings"
    if not rights.is_admin:
        return missing_for_cards(rights)
    if not rights.manages_topics:
        return "let the bot manage topics"
    return None


async def mended(group: GroupHeard, wrong: str) -> bool:
    """Ask for a change in a group; False: another group is meant. Raises NobodyAnswers."""
    question = f'In "{group.title}" {wrong}; then press Enter (n: it is another group)'
    try:
        return (await aside(ask, question)).lower() not in NO
    except NobodyAnswers:
        raise NobodyAnswers(f'in "{group.title}" {wrong}, and run this again') from None


async def set_up(
    company: Company, way: Way | None, token_file: Path | None, code: str | None, wait: timedelta
) -> None:
    """Walk through the setup with a person at the terminal; raises BadInput and NotAllowed."""
    bots, base = bots_of(company), company.settings.bot_api_url
    token = given_token(token_file) or company.settings.bot_token
    if not token:
        token = await asked_until_right(lambda: asked_token(bots, base))
    async with setup_bot(token, base) as bot, desk_memory(company.servers.redis_url) as memory:
        me = await bot.identify()
        await bots.keep_token(me.id, me.username, token)
        say(f"The bot is @{me.username}.")
        cipher = cipher_for(company.settings, company.keyring)
        updates = door_stores(company.engine, cipher, memory).updates
        codes = Codes(code.removeprefix("/") if code else f"desk{secrets.randbelow(9000) + 1000}")
        await Walk(company, bot, me, updates, codes, wait).go(way)


def given_token(file: Path | None) -> str | None:
    """Return the token from a file; raises BadInput when it cannot be read."""
    if file is None:
        return None
    try:
        return file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} cannot be read as text: {error}") from None


async def asked_token(bots: PostgresBots, base: str) -> str:
    """Return the token that was kept, if it shall stay, or ask for one unseen.

    Raises BadInput for a token that Telegram does not know.
    """
    kept, username = await bots.token(), await bots.username()
    if kept is not None and await agrees(f"Keep @{username} as the desk's bot?", default=True):
        token = kept
    else:
        token = await aside(ask_unseen, "The bot's token, from @BotFather (it is not shown)")
    async with setup_bot(token, base) as bot:
        await bot.identify()
    return token


async def ask_way() -> Way:
    """Ask how operators answer clients."""
    say("How do operators answer clients?")
    say("  1  in private, after taking a ticket from a card in their group")
    say("  2  in a group in which every ticket has a topic of its own")
    say("  3  both")
    answer = await aside(ask, "1, 2 or 3")
    if answer not in WAYS:
        raise BadInput("that is none of 1, 2 and 3")
    return WAYS[answer]


async def ask_how_many() -> int:
    """Ask how many operators are to be invited now."""
    wanted = await aside(ask, "How many links for operators, one for each person? (0)") or "0"
    if not (wanted.isdecimal() and int(wanted) <= MOST_LINKS):
        raise BadInput(f"that is no number from 0 to {MOST_LINKS}")
    return int(wanted)


async def agrees(question: str, *, default: bool = False) -> bool:
    """Ask for a yes or no until it is one; the default when nothing is said."""

    async def read() -> bool:
        answer = await aside(ask, f"{question} {'[Y/n]' if default else '[y/N]'}")
        if answer and answer.lower() not in YES | NO:
            raise BadInput("that is neither y nor n")
        return answer.lower() in YES if answer else default

    return await asked_until_right(read)
