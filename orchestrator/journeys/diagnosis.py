"""What a diagnostic comes to: pure."""

from orchestrator.ids import ConversationId, ScriptVersionId
from orchestrator.ports.journeys import DirectTurn, Finding
from personas.scripts.diagnostics import result_for, score_of
from personas.scripts.model import Script, ScriptKind
from personas.scripts.runner import Progress
from personas.scripts.steps import Outcome


def finding_of(script: Script, progress: Progress) -> Finding | None:
    """Return the score and its result once every question is answered."""
    if progress.outcome is not Outcome.CLOSED:
        return None
    if any(question.key not in progress.slots for question in script.questions):
        return None
    score = score_of(script.questions, progress.slots)
    result = result_for(script.results, score)
    return None if result is None else Finding(score, result.key)


def direct_turn(
    conversation: ConversationId, version: ScriptVersionId, script: Script, progress: Progress
) -> DirectTurn | None:
    """Return what a conversation's turn means for a journey; None where it is no diagnostic."""
    if script.kind is not ScriptKind.DIAGNOSTIC:
        return None
    return DirectTurn(conversation, version, progress, finding_of(script, progress))
