"""Revokes and opt-outs raced against claims, in short; `make chaos` does it 10,000 times each."""

from pathlib import Path

from db.embedded import Servers
from tests.chaos.optouts import OptOutRaces
from tests.chaos.races import RacePlan, Races
from tests.chaos.rig import rig

SHORT = RacePlan(seed=7, races=120, accounts=10, channels=3)


async def test_no_send_starts_once_a_revoke_has_returned(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    async with rig(Servers(database_url, redis_url), tmp_path) as trial:
        report = await Races(trial, SHORT).run()
    assert report.is_clean, report
    assert report.races == SHORT.races
    assert report.sent > SHORT.races // 20
    assert report.cancelled > SHORT.races // 20


async def test_no_send_starts_once_an_opt_out_has_returned(
    database_url: str, redis_url: str, tmp_path: Path
) -> None:
    async with rig(Servers(database_url, redis_url), tmp_path) as trial:
        report = await OptOutRaces(trial, SHORT).run()
    assert report.is_clean, report
    assert report.races == SHORT.races
    assert report.sent > SHORT.races // 20
    assert report.cancelled > SHORT.races // 20
