"""`troupe rehearse`: what a campaign would have said over a channel's own history."""

import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from cli.compose import company
from cli.demo.command import alone, replace_settings
from cli.demo.theatre import Theatre
from cli.output import counting_down
from cli.rehearsal.casting import Casting, read_casting
from cli.rehearsal.history import Days, History, read_history
from cli.rehearsal.options import RehearsalOptions, check_folder
from cli.rehearsal.performance import Performance
from cli.rehearsal.report import Report, report_on
from cli.rehearsal.telling import keep, show
from cli.rehearsal.worldclock import ShiftedClock, WorldTime
from cli.settings import Settings
from cli.signals import asked_by_signals
from db.embedded import embedded_servers, recreate_all
from db.movable_clock import MovableClock, install_clock
from db.stores.outcomes import PostgresOutcomes
from orchestrator.errors import BadInput
from orchestrator.tuning import Pace, Tuning
from simulator.server import serve

DATABASE = "troupe_rehearsal"
BEFORE = timedelta(hours=1)
"""How long before the first post the world begins: accounts sign in, the grant is given."""
AT_ONCE = Pace(timedelta(milliseconds=1), burst=100)


async def run_rehearsal(options: RehearsalOptions, settings: Settings) -> int:
    """Rehearse and report; returns the exit code: 0 when every post was played."""
    history = read_history(options.replay)
    if options.with_model and settings.llm_model is None:
        raise BadInput("--with-model needs a model: set LLM_MODEL, and where it is")
    casting = await read_casting(settings, options)
    days = Days(options.since, options.until, ZoneInfo(casting.campaign.time_zone))
    history = history.within(days)
    check_folder(options.folder)
    played, report = await rehearse(options, settings, casting, history)
    if options.folder is not None:
        keep(report, casting, options.folder)
    show(report, options)
    return 0 if played == len(history.posts) else 130


async def rehearse(
    options: RehearsalOptions, settings: Settings, casting: Casting, history: History
) -> tuple[int, Report]:
    """Play it all on a Telegram and a database of its own; returns how many posts were played."""
    begun = time.monotonic()
    async with stage_set(options, settings, casting, history) as performance:
        with ExitStack() as stack:
            stack.enter_context(asked_by_signals(performance.asked))
            progress = stack.enter_context(counting_down("posts"))
            progress(len(history.posts))
            played = await performance.play(progress)
        outcomes = PostgresOutcomes(performance.company.engine)
        report = report_on(
            casting,
            history.title,
            await outcomes.outcomes(),
            await outcomes.model_use(),
            time.monotonic() - begun,
        )
    return played, report


@asynccontextmanager
async def stage_set(
    options: RehearsalOptions, settings: Settings, casting: Casting, history: History
) -> AsyncIterator[Performance]:
    """Start servers, a fresh database, a Telegram and a company, all at the history's own time."""
    folder, begin = settings.home / "rehearsal", history.posts[0].at - BEFORE
    with alone(folder, "a rehearsal"):
        async with embedded_servers(folder) as servers, serve() as server:
            fresh = await recreate_all(servers, DATABASE)
            await install_clock(fresh.database_url, begin)
            clock = ShiftedClock()
            clock.move(begin)
            server.world.clock.set(begin)
            told = replace_settings(settings, server, fresh, folder)
            if not options.with_model:
                told = told.model_copy(update={"llm_model": None})
            tuning = at_full_speed(casting.tuning)
            async with company(told, tuning=tuning, migrate=True, clock=clock) as players:
                yield Performance(
                    casting,
                    history,
                    players,
                    Theatre.build(server, history.title),
                    WorldTime(server.world, clock, MovableClock(players.engine)),
                )


def at_full_speed(tuning: Tuning) -> Tuning:
    """Take the house's numbers, without its patience: no time passes that is not the history's."""
    return replace(
        tuning,
        poll=timedelta(milliseconds=50),
        account_pace=AT_ONCE,
        chat_pace=AT_ONCE,
        overall_pace=AT_ONCE,
        method_pace=AT_ONCE,
        request_pace=AT_ONCE,
    )
