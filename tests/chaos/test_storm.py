"""The storm in short: everything goes wrong once or twice while messages go out."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from db.embedded import embedded_servers, erase
from tests.chaos.rig import PATIENT, paced, rig
from tests.chaos.storm import Storm, StormPlan

SHORT = StormPlan(
    seed=20,
    messages=240,
    accounts=9,
    kills=1,
    point_kills=1,
    stops=1,
    cuts=1,
    floods=1,
    postgres_restarts=1,
    valkey_kills=1,
    patience=60.0,
)
SWIFT = replace(PATIENT, lease=timedelta(seconds=5), poll=timedelta(milliseconds=500))


async def test_nothing_is_lost_doubled_or_held_twice_in_a_storm(tmp_path: Path) -> None:
    folder = tmp_path / "servers"
    folder.mkdir()
    try:
        async with (
            embedded_servers(folder, linger=0.0, volatile=True) as servers,
            rig(servers, tmp_path, paced(SHORT.accounts, 30, SWIFT)) as trial,
        ):
            storm = Storm(trial, SHORT, folder, volatile=True)
            verdict = await storm.run()
    finally:
        await erase(folder, volatile=True)
    assert verdict.is_clean, verdict.line()
    assert verdict.sent == SHORT.messages
    assert sum(storm.struck.values()) == 7
