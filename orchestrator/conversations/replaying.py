"""A stored conversation led again through the runner, offline, to see whether it says the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orchestrator.conversations.deciding import counted
from orchestrator.conversations.ground import carry
from orchestrator.ids import ScriptVersionId
from orchestrator.ports.conversations import Arrival, NewTurn, TurnKind, TurnRecord
from personas.scripts.model import Script
from personas.scripts.runner import Incoming, Progress, advance
from personas.scripts.steps import Outcome
from personas.strategy import Strategy

Scripts = Mapping[ScriptVersionId, Script]


@dataclass(frozen=True, slots=True)
class Replayed:
    """One turn, as it was and as it comes now."""

    record: TurnRecord
    says: tuple[str, ...]
    """The script's words now; of a turn that no script made, none."""
    differences: tuple[str, ...]

    @property
    def is_script(self) -> bool:
        """Whether the runner made this turn, so that it can be compared."""
        return led_by_script(self.record.turn)


def replay(turns: Sequence[TurnRecord], scripts: Scripts) -> tuple[Replayed, ...]:
    """Lead the conversation again with the same versions, seeds and findings."""
    progress, done = Progress(), []
    for record in turns:
        again, progress = replay_turn(record, progress, scripts)
        done.append(again)
    return tuple(done)


def replay_turn(
    record: TurnRecord, before: Progress, scripts: Scripts
) -> tuple[Replayed, Progress]:
    """Lead one turn again; returns where the conversation stands then."""
    turn = record.turn
    if turn.kind is TurnKind.OPERATOR:
        return Replayed(record, (), ()), before
    script = None if turn.version is None else scripts.get(turn.version)
    if script is None:
        begun = Progress() if turn.arrival is Arrival.BEGAN else before
        return Replayed(record, (), ()), counted(begun)
    progress = stand(before, script, turn.arrival)
    if not led_by_script(turn):
        return Replayed(record, (), ()), counted(progress)
    again = advance(script, progress, Incoming(turn.asked, turn.heard, turn.found), turn.seed)
    differences = tuple(
        f"{name} was {was!r} and is {now!r}"
        for name, was, now in (
            ("what is said", turn.written, again.says),
            ("the step", turn.step, again.progress.step),
            ("the outcome", turn.outcome, again.progress.outcome),
        )
        if was != now
    )
    return Replayed(record, again.says, differences), again.progress


def stand(before: Progress, script: Script, arrival: Arrival) -> Progress:
    """Return where the turn began; whoever goes on after a person goes on where the script was."""
    carried = carry(before, script, arrival)
    if arrival is Arrival.STAYED and carried.outcome is not Outcome.WAITING:
        return carried.model_copy(update={"outcome": Outcome.WAITING})
    return carried


def led_by_script(turn: NewTurn) -> bool:
    """Tell whether the runner made a turn."""
    return turn.strategy is Strategy.SCRIPT_80 and turn.kind is not TurnKind.OPERATOR
