"""A stored conversation led again through the runner, offline, to see whether it says the same."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from orchestrator.conversations.deciding import counted
from orchestrator.conversations.ground import carry
from orchestrator.ids import ScriptVersionId
from orchestrator.ports.conversations import Arrival, NewTurn, TurnKind, TurnRecord
from orchestrator.ports.interpreting import Message, Opinion, Rejudge
from orchestrator.ports.writing import PublishedScript, Source
from personas.persona import Persona
from personas.scripts.model import Script
from personas.scripts.runner import Incoming, Progress, advance
from personas.scripts.steps import Outcome
from personas.strategy import Strategy

Scripts = Mapping[ScriptVersionId, Script]

NOBODY: Final = Persona(key="replay", name="Replay", disclosure="A replay")
"""No judge on this machine looks at the persona."""
SAME_FIT: Final = 0.005
"""Fits that differ by no more are the same on another machine."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """One turn, as it was and as it comes now."""

    record: TurnRecord
    says: tuple[str, ...]
    """The script's words now; of a turn that no script made, none."""
    differences: tuple[str, ...]
    before: Progress = field(default_factory=Progress)
    """Where the conversation stood."""
    opinion: Opinion | None = None
    """What whoever judged then makes of the message now; None where nobody was asked."""
    unjudged: str = ""
    """Why nobody was asked again."""

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
        return Replayed(record, (), (), progress), counted(progress)
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
    return Replayed(record, again.says, differences, progress), again.progress


async def judge_again(one: Replayed, scripts: Scripts, rejudge: Rejudge) -> Replayed:
    """Let whoever judged the message on this machine do so again, and compare."""
    turn = one.record.turn
    if turn.judge is None or turn.kind is TurnKind.OPERATOR:
        return one
    if turn.source is not Source.LOCAL:
        return replace(one, unjudged="a model judged, and is not asked again")
    if any(version not in scripts for version in turn.judged_among):
        return replace(one, unjudged="a version that it chose among is not there any more")
    message = Message(
        text=turn.asked,
        scripts=tuple(PublishedScript(each, scripts[each]) for each in turn.judged_among),
        progress=one.before,
        persona=NOBODY,
        seed=turn.seed,
        begins=turn.arrival is Arrival.BEGAN,
    )
    opinion = await rejudge.judge_again(turn.judge, message)
    if opinion is None:
        return replace(one, unjudged=f"no selector {turn.judge[:12]} can be had any more")
    differences = (*one.differences, *disagreements(turn, opinion))
    return replace(one, opinion=opinion, differences=differences)


def disagreements(turn: NewTurn, now: Opinion) -> tuple[str, ...]:
    """Say where the judgement is another now."""
    told = []
    if turn.strategy != now.strategy:
        told.append(f"the strategy was {turn.strategy} and is {now.strategy}")
    if (turn.heard or "") != now.heard:
        told.append(f"what is heard was {turn.heard or ''!r} and is {now.heard!r}")
    if turn.fit is None or abs(turn.fit - now.fit) > SAME_FIT:
        told.append(f"the fit was {turn.fit} and is {now.fit}")
    return tuple(told)


def stand(before: Progress, script: Script, arrival: Arrival) -> Progress:
    """Return where the turn began; whoever goes on after a person goes on where the script was."""
    carried = carry(before, script, arrival)
    if arrival is Arrival.STAYED and carried.outcome is not Outcome.WAITING:
        return carried.model_copy(update={"outcome": Outcome.WAITING})
    return carried


def led_by_script(turn: NewTurn) -> bool:
    """Tell whether the runner made a turn."""
    return turn.strategy is Strategy.SCRIPT_80 and turn.kind is not TurnKind.OPERATOR
