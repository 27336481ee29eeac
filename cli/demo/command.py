"""`troupe demo`: from post to comment on embedded servers and a Telegram of its own."""

import asyncio
import contextlib
import fcntl
import json
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from pathlib import Path

from rich.console import Console, RenderableType
from rich.live import Live

from cli.compose import Company, company
from cli.demo.injection import KNOWN, count_met
from cli.demo.options import DemoOptions
from cli.demo.players import DATA, engage
from cli.demo.replay import Replay, read_replay
from cli.demo.show import NEXT_STEPS, draw, draw_summary, save_picture
from cli.demo.summary import Summary, summarise
from cli.demo.theatre import PHONES, Theatre
from cli.demo.ticket import TicketPlay
from cli.documents import read_scripts
from cli.output import say
from cli.settings import Settings
from cli.signals import asked_by_signals
from db.embedded import Servers, embedded_servers, recreate_all
from orchestrator.errors import BadInput, NotAllowed
from orchestrator.ports.logs import Tally
from orchestrator.tuning import Pace, Retries, Tuning
from personas.scripts.model import Script
from simulator.server import TelegramServer, serve

DATABASE = "troupe_demo"
TUNING = Tuning(
    poll=timedelta(milliseconds=250),
    account_pace=Pace(timedelta(milliseconds=100), burst=5),
    chat_pace=Pace(timedelta(milliseconds=50), burst=5),
    sending=Retries(3, timedelta(seconds=2)),
)
"""On a Telegram of its own the demo need not be patient."""
PAUSE_BETWEEN_POSTS = 1.5
UNTIL_HEARD = 15.0
"""How many seconds the first post waits for our accounts; then it is published all the same."""
UNTIL_SHOWN = 60.0
"""How many seconds the ticket's client waits for a first comment."""
LAST_WORDS = 120.0
"""How many seconds after the last post the slowest decision may take, plus some for each post."""


@dataclass(slots=True)
class Performance:
    """One demo while it runs."""

    options: DemoOptions
    theatre: Theatre
    company: Company
    replay: Replay
    scripts: Sequence[Script]
    ticket: TicketPlay
    begun: float
    first_comment: float | None = None
    shown: asyncio.Event = field(default_factory=asyncio.Event)
    """Whether there is a comment to look at, or will be none for now."""
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def seconds(self) -> float:
        """Seconds since the command was begun."""
        return time.monotonic() - self.begun

    async def play(self) -> Summary:
        """Publish every post, wait until each is decided, and count."""
        names = await engage(self.company, self.theatre, self.scripts)
        for fault in (each for word in self.options.inject for each in KNOWN[word]):
            self.theatre.server.faults.add(fault)
        async with self.company.running_node(), asyncio.TaskGroup() as group:
            showing = group.create_task(self.show(), name="demo show")
            publishing = group.create_task(self.publish(), name="demo posts")
            asking = group.create_task(self.open_desk(), name="demo ticket")
            await self.until_over()
            for task in (publishing, showing, asking):
                task.cancel()
        if self.options.picture:
            save_picture(await self.frame(), self.options.picture)
        tally = await self.company.service.tally()
        return summarise(
            self.theatre,
            tally,
            ticket=self.ticket.as_json(),
            accounts=len(names),
            seconds=self.seconds,
            first=self.first_comment,
            injected=count_met(self.theatre.server.faults.met, self.options.inject),
        )

    async def publish(self) -> None:
        """Let the owner post, one post after the other, once somebody listens.

        What is posted earlier would be read as history, and no update could be lost on its way.
        """
        deadline = self.seconds + UNTIL_HEARD
        while not self.theatre.is_heard(PHONES) and self.seconds < deadline:
            await self.pause(0.05)
        for text in self.replay.posts:
            self.theatre.publish(text)
            await asyncio.sleep(
                0 if self.options.once else PAUSE_BETWEEN_POSTS / self.options.speed
            )

    async def open_desk(self) -> None:
        """Let the client ask once there is a comment to look at.

        The desk's library takes longer to import than all else together. That is done while the
        first posts are being judged in another process, and off the loop, which must not stand
        still, or the node would lose its accounts.
        """
        await asyncio.to_thread(import_module, "desk.door")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.shown.wait(), UNTIL_SHOWN)
        await self.ticket.run(self.company)

    async def until_over(self) -> None:
        """Return when every post is decided, when interrupted, or when it takes too long."""
        deadline = self.seconds + LAST_WORDS + len(self.replay.posts)
        while not self.asked.is_set():
            tally = await self.company.service.tally()
            if self.first_comment is None and self.theatre.comments():
                self.first_comment = self.seconds
            is_decided = self.is_decided(tally)
            if self.first_comment is not None or is_decided:
                self.shown.set()
            if is_decided and self.ticket.is_over:
                return
            if self.options.once and self.seconds > deadline:
                return
            await self.pause(0.2)

    async def pause(self, seconds: float) -> None:
        """Wait, at most until somebody asks for the end."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.asked.wait(), seconds)

    def is_decided(self, tally: Tally) -> bool:
        """Whether no post is left to decide about, and no comment to send."""
        open_ones = tally.comments.get("pending", 0) + tally.comments.get("unknown", 0)
        return (
            len(self.theatre.published) == len(self.replay.posts)
            and tally.posts_seen >= len(self.replay.posts)
            and tally.undecided == 0
            and open_ones == 0
        )

    async def show(self) -> None:
        """Draw what happens until cancelled; nothing at all when only JSON is wanted."""
        if self.options.json:
            return
        if not sys.stdout.isatty():
            await self.tell()
        with Live(console=Console(), refresh_per_second=4, transient=True) as live:
            while True:
                live.update(await self.frame())
                await asyncio.sleep(0.25)

    async def tell(self) -> None:
        """Say in lines how far it is, where no picture can be drawn, until cancelled."""
        said = ""
        while True:
            tally = await self.company.service.tally()
            line = (
                f"{len(self.theatre.published)} of {len(self.replay.posts)} posts published, "
                f"{self.theatre.comments()} comments, {tally.undecided} to decide; "
                f"ticket: {self.ticket.steps[-1].name if self.ticket.steps else 'not asked yet'}"
            )
            if line != said:
                say(line)
                said = line
            await asyncio.sleep(2)

    async def frame(self) -> RenderableType:
        """Draw what is so now."""
        service = self.company.service
        return draw(
            await service.accounts.list(),
            await service.decisions(6),
            await service.tally(),
            len(self.replay.posts),
            self.ticket,
        )


async def run_demo(options: DemoOptions, settings: Settings, begun: float) -> int:
    """Play the demo and return the exit code: 0 when all was decided and nothing doubled."""
    replay = read_replay(options.replay or DATA / "posts.json")
    scripts = read_scripts(options.scripts or DATA / "scripts")
    if options.picture and not options.picture.absolute().parent.is_dir():
        raise BadInput(f"{options.picture} cannot be written: its folder does not exist")
    async with stage_set(options, settings, replay, scripts, begun) as performance:
        with asked_by_signals(performance.asked):
            summary = await performance.play()
    report(options, summary)
    interrupted = performance.asked.is_set()
    return 0 if interrupted or summary.is_whole else 1


@asynccontextmanager
async def stage_set(
    options: DemoOptions,
    settings: Settings,
    replay: Replay,
    scripts: Sequence[Script],
    begun: float,
) -> AsyncIterator[Performance]:
    """Start servers, a fresh database, the local Telegram and a company that plays on them."""
    folder = settings.home / "demo"
    with alone(folder):
        async with embedded_servers(folder) as servers, serve(bot_api=True) as server:
            fresh = await recreate_all(servers, DATABASE)
            theatre = Theatre.build(server, replay.title)
            ticket = TicketPlay.build(server, theatre.owner)
            told = ticket.settings(replace_settings(settings, server, fresh, folder))
            async with company(told, tuning=TUNING, migrate=True) as players:
                yield Performance(options, theatre, players, replay, scripts, ticket, begun)


def replace_settings(
    settings: Settings, server: TelegramServer, servers: Servers, folder: Path
) -> Settings:
    """Point a copy of the settings at the demo's own servers and keys."""
    key_file = folder / "telegram-key.pem"
    key_file.write_text(server.public_key)
    return settings.model_copy(
        update={
            "home": folder,
            "database_url": servers.database_url,
            "redis_url": servers.redis_url,
            "telegram_api_id": server.api_id,
            "telegram_api_hash": server.api_hash,
            "telegram_server": f"{server.host}:{server.port}",
            "telegram_dc_id": server.dc_id,
            "telegram_public_key_file": key_file,
        }
    )


@contextmanager
def alone(folder: Path, what: str = "a demo") -> Iterator[None]:
    """Let one demo at a time play in this folder; the lock goes with the process."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotAllowed(f"{what} is running already: end it first with Ctrl-C") from None
        yield


def report(options: DemoOptions, summary: Summary) -> None:
    """Print the summary as JSON, or for people."""
    if options.json:
        sys.stdout.write(json.dumps(summary.as_json(), ensure_ascii=False) + "\n")
        sys.stdout.flush()
        return
    console = Console()
    console.print(draw_summary(summary))
    console.print(NEXT_STEPS, highlight=False)
