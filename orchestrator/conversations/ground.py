"""Which version a turn is made on: publishing's choice for live conversations, honoured."""

from dataclasses import dataclass

from orchestrator.ids import ScriptVersionId
from orchestrator.ports.conversations import Arrival, ConversationState, Standing
from orchestrator.ports.library import Live
from personas.scripts.model import Script
from personas.scripts.runner import Progress
from personas.scripts.steps import Outcome
from personas.scripts.variables import accept


@dataclass(frozen=True, slots=True)
class Ground:
    """The version to go on with; None: a script has to be found first."""

    version: ScriptVersionId | None
    arrival: Arrival


def ground_of(standing: Standing) -> Ground:
    """Choose the version: begin, stay, move or begin again."""
    over = standing.state is ConversationState.CLOSED
    over = over or standing.progress.outcome is not Outcome.WAITING
    if standing.version is None or over:
        return Ground(None, Arrival.BEGAN)
    if standing.newest in {None, standing.version} or standing.live is Live.STAY:
        return Ground(standing.version, Arrival.STAYED)
    arrival = Arrival.MOVED if standing.live is Live.MOVE else Arrival.RESTARTED
    return Ground(standing.newest, arrival)


def carry(progress: Progress, script: Script, arrival: Arrival) -> Progress:
    """Return where the conversation stands on that ground.

    Whoever moves takes along what the new version has a name for. At a step that the new version
    lost, it begins with the first, and asks for nothing twice that it may skip.
    """
    match arrival:
        case Arrival.STAYED:
            return recounted(progress, script)
        case Arrival.MOVED:
            return recounted(moved(progress, script), script)
        case _:
            return Progress()


def recounted(progress: Progress, script: Script) -> Progress:
    """Count turns anew where there were too many: then a person had it, and gave it back."""
    if progress.turns <= script.limits.turns:
        return progress
    return progress.model_copy(update={"turns": 0, "misses": 0})


def moved(progress: Progress, script: Script) -> Progress:
    """Keep step and slots as far as the script knows them."""
    step = progress.step if any(one.key == progress.step for one in script.steps) else None
    known = {
        one.key: progress.slots[one.key]
        for one in script.variables
        if accept(one, progress.slots.get(one.key)) is not None
    }
    changes = {"step": step, "slots": known, "misses": progress.misses if step else 0}
    return progress.model_copy(update=changes)
