"""The proof in full: `make chaos`, or `python -m tests.chaos --help`."""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from db.embedded import Servers, embedded_servers, erase, recreate_database
from orchestrator.tuning import Tuning
from tests.chaos.control import with_fresh_random_ids, without_leases
from tests.chaos.optouts import OptOutRaces
from tests.chaos.races import RacePlan, RaceReport, Races
from tests.chaos.receiving import (
    Received,
    ReceivingPlan,
    open_ears,
    receive_letters,
    receive_posts,
)
from tests.chaos.rig import CROWDED, PATIENT, TUNING, Rig, new_database_name, paced, rig
from tests.chaos.storm import Storm, StormPlan
from tests.chaos.verdict import Verdict, sum_of

ERRORS = Console(stderr=True, highlight=False)
RATE = 50
"""Messages a second, at most: slow enough that every blow falls while messages go out."""
TRIALS = ("control", "receiving", "races", "optouts", "storm")


class Screen:
    """Shows how far the trial is; what goes wrong is a line above the bar."""

    def __init__(self, progress: Progress, total: int, what: str) -> None:
        self.progress = progress
        self.task = progress.add_task(what, total=total)

    def arrived(self, messages: int) -> None:
        """Move the bar."""
        self.progress.update(self.task, completed=messages)

    def struck(self, what: str) -> None:
        """Write a line."""
        arrived = int(self.progress.tasks[self.task].completed)
        self.progress.console.print(f"{arrived:6} arrived · {what}")


class House:
    """The servers of all trials, and a fresh database with a Telegram for each."""

    def __init__(self, folder: Path, servers: Servers) -> None:
        self.folder, self.servers = folder, servers

    @asynccontextmanager
    async def rig(self, name: str, tuning: Tuning = PATIENT) -> AsyncIterator[Rig]:
        """Put a new company on the servers."""
        fresh = await recreate_database(self.servers, new_database_name())
        place = self.folder / name
        place.mkdir()
        async with rig(fresh, place, tuning) as made:
            yield made


def progress_bar() -> Progress:
    """Make the progress bar."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=ERRORS,
    )


async def show_that_the_check_can_fail(house: House) -> bool:
    """Break two rules, and see whether the judge notices."""
    async with house.rig("without-leases", TUNING) as trial:
        held = (await without_leases(trial)).double_held
    async with house.rig("fresh-random-ids", TUNING) as trial:
        doubled = (await with_fresh_random_ids(trial)).doubled
    ERRORS.print(f"control: without leases double_held={held}, which must be above 0")
    ERRORS.print(f"control: with fresh random ids doubled={doubled}, which must be above 0")
    return held > 0 and doubled > 0


async def storm(house: House, plan: StormPlan, folder: Path, *, volatile: bool) -> Verdict:
    """Let the storm blow."""
    began = time.monotonic()
    async with house.rig("storm", paced(plan.accounts, RATE, CROWDED)) as trial:
        with progress_bar() as progress:
            screen = Screen(progress, plan.messages, "messages")
            blowing = Storm(trial, plan, folder, volatile, screen)
            verdict = await blowing.run()
    ERRORS.print(f"storm: {verdict.line()} in {time.monotonic() - began:.0f} s")
    for what, times in blowing.struck.items():
        ERRORS.print(f"  {times} × {what}")
    return verdict


async def receive(house: House, plan: ReceivingPlan) -> tuple[Received, Received]:
    """Publish posts while updates are dropped and doubled, then letters between kills."""
    began = time.monotonic()
    async with house.rig("receiving") as trial:
        await open_ears(trial, plan)
        with progress_bar() as progress:
            async with trial.tended():
                posts = await receive_posts(trial, plan, Screen(progress, plan.posts, "posts"))
                screen = Screen(progress, plan.letters, "direct messages")
                letters = await receive_letters(trial, plan, screen)
    ERRORS.print(f"posts: {posts.line()}")
    ERRORS.print(f"direct messages: {letters.line()} in {time.monotonic() - began:.0f} s with them")
    return posts, letters


async def race(
    house: House, plan: RacePlan, racing: type[Races | OptOutRaces], name: str
) -> RaceReport:
    """Race revokes or opt-outs against claims."""
    began = time.monotonic()
    async with house.rig(name, CROWDED) as trial:
        with progress_bar() as progress:
            report = await racing(trial, plan, Screen(progress, plan.races, name)).run()
    ERRORS.print(f"{name}: {report.line()} in {time.monotonic() - began:.0f} s")
    return report


async def prove(options: argparse.Namespace, folder: Path) -> int:
    """Run every trial that was asked for; returns the exit code."""
    servers_folder = folder / "servers"
    servers_folder.mkdir()
    seed = options.seed
    verdict = Verdict(0, 0, 0, 0, 0)
    well = True
    try:
        async with embedded_servers(servers_folder, linger=0.0) as servers:
            house = House(folder, servers)
            if "control" in options.trials:
                well &= await show_that_the_check_can_fail(house)
            if "receiving" in options.trials:
                hearing = ReceivingPlan(seed, options.posts, options.letters)
                received = await receive(house, hearing)
                verdict = sum_of(verdict, *(each.verdict() for each in received))
            if "races" in options.trials:
                plan = RacePlan(seed, options.races)
                well &= (await race(house, plan, Races, "revokes")).is_clean
            if "optouts" in options.trials:
                plan = RacePlan(seed, options.races)
                well &= (await race(house, plan, OptOutRaces, "opt-outs")).is_clean
            if "storm" in options.trials:
                blows = StormPlan(seed, options.messages, options.accounts)
                verdict = sum_of(verdict, await storm(house, blows, servers_folder, volatile=False))
    finally:
        await erase(servers_folder)
    sys.stdout.write(verdict.line() + "\n")
    return 0 if well and verdict.is_clean else 1


def read_options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**31))
    parser.add_argument("--messages", type=int, default=10_000, help="sent in the storm")
    parser.add_argument("--accounts", type=int, default=60, help="that speak in the storm")
    parser.add_argument("--posts", type=int, default=10_000)
    parser.add_argument("--letters", type=int, default=1_000, help="direct messages")
    parser.add_argument(
        "--races", type=int, default=10_000, help="of claims against revokes, and against opt-outs"
    )
    parser.add_argument("trials", nargs="*", default=TRIALS, help=f"some of {', '.join(TRIALS)}")
    return parser.parse_args()


def main() -> int:
    """Prove it."""
    options = read_options()
    ERRORS.print(f"seed {options.seed}: the same blows again with `make chaos SEED={options.seed}`")
    folder = Path(tempfile.mkdtemp(prefix="troupe-chaos-"))
    ERRORS.print(f"logs in {folder}")
    return asyncio.run(prove(options, folder))


if __name__ == "__main__":
    sys.exit(main())
