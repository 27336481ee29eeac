"""How `troupe desk status` tells which process runs the desk."""

from datetime import UTC, datetime, timedelta

import pytest

from cli.commands.desk import as_program, runs_on
from orchestrator.ids import NodeName
from orchestrator.ports.leases import Incarnation, NodeRecord
from orchestrator.service.support import DeskStatus
from support.groups import DeskPulse

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def status(node: str | None) -> DeskStatus:
    pulse = DeskPulse(0, 0, None, 0, 0, 0, 0, node)
    return DeskStatus("desk_bot", [], [], [], 0, 0, pulse)


def record(unseen: timedelta) -> NodeRecord:
    return NodeRecord(
        name=NodeName("first"),
        host="host",
        pid=7,
        version="1.0",
        started_at=NOON,
        seen_at=NOON,
        draining=False,
        accounts=0,
        incarnation=Incarnation(1),
        beat=1,
        unseen=unseen,
    )


@pytest.mark.parametrize(
    ("node", "known", "told"),
    [
        (None, None, "nothing"),
        ("first", record(timedelta(seconds=1)), "first"),
        ("first", record(timedelta(seconds=12)), "first, but nothing was heard of it for 12 s"),
        ("first", None, "first, but nothing was heard of it for an hour"),
    ],
)
def test_a_node_that_went_silent_is_told_apart_with_since_when(
    node: str | None, known: NodeRecord | None, told: str
) -> None:
    assert runs_on(status(node), known) == told


@pytest.mark.parametrize(
    ("node", "known", "standing"),
    [
        (None, None, (False, False, None)),
        ("first", record(timedelta(seconds=1)), (True, False, 1.0)),
        ("first", record(timedelta(seconds=12)), (False, True, 12.0)),
        ("first", None, (False, True, None)),
    ],
)
def test_programs_are_told_too_whether_the_desk_runs(
    node: str | None, known: NodeRecord | None, standing: tuple[bool, bool, float | None]
) -> None:
    told = as_program(status(node), known)
    assert (told["runs"], told["silent"], told["unseen"]) == standing
    assert told["bot"] == "desk_bot"
