"""Why each line of a conversation was said, in words (charter rule 6)."""

from collections.abc import Iterator

from orchestrator.ports.conversations import Arrival, NewTurn, TurnKind, TurnRecord
from orchestrator.ports.outbox import OutboxState
from orchestrator.ports.writing import Source
from personas.strategy import Strategy

ARRIVALS = {
    Arrival.BEGAN: "the conversation began",
    Arrival.STAYED: "on the version that it had",
    Arrival.MOVED: "moved to the version that was published with that choice",
    Arrival.RESTARTED: "begun again, as was chosen when this version was published",
}
STRATEGIES = {
    Strategy.SCRIPT_80: "script_80: the script's words",
    Strategy.FREE_20: "free_20: what no script answers",
}

BECAME = {
    OutboxState.DUE: "it waits to be sent",
    OutboxState.SENDING: "it is being sent",
    OutboxState.SENT: "it was sent",
    OutboxState.UNKNOWN: "whether it arrived is not known yet",
    OutboxState.FAILED: "it was given up and never arrived",
    OutboxState.CANCELLED: "it was cancelled before it was sent",
    OutboxState.UNRESOLVED: "whether it arrived could not be found out",
}


def explain_turn(record: TurnRecord) -> Iterator[tuple[str, str]]:
    """Yield what is known of a turn, each with its name."""
    turn = record.turn
    yield "They wrote", turn.asked or "nothing that can be read"
    yield from said_and_written(turn)
    if set(record.became) - {OutboxState.SENT}:
        yield "What came of it", "; ".join(dict.fromkeys(BECAME[one] for one in record.became))
    yield "Why", turn.reason
    yield "Said by", speaker(turn)
    if turn.kind is TurnKind.OPERATOR:
        return
    yield "Script", f"{record.script or 'none'} ({ARRIVALS[turn.arrival]})"
    yield from judgement(turn)
    if turn.step is not None:
        yield "Step afterwards", f"{turn.step} ({turn.outcome})"


def said_and_written(turn: NewTurn) -> Iterator[tuple[str, str]]:
    """Yield what was said, and the script's own words where a voice or a tone changed them."""
    yield "We said", "\n".join(turn.says) or "nothing"
    if turn.written and turn.written != turn.says:
        yield "The script says", "\n".join(turn.written)


def judgement(turn: NewTurn) -> Iterator[tuple[str, str]]:
    """Yield who judged the message, and how."""
    if turn.strategy is not None:
        yield "Strategy", STRATEGIES[turn.strategy]
    if turn.fit is not None:
        yield "Fit", fit_told(turn.fit, turn.source)
    for name, value in (
        ("Judged by", judge_told(turn.judge, len(turn.judged_among))),
        ("Heard", turn.trigger),
        ("Intent", turn.intent),
        ("Emotion", turn.emotion),
        ("Model", turn.model),
        ("Prompt", turn.prompt_hash),
        ("Cost (USD)", None if turn.cost_usd is None else str(turn.cost_usd)),
    ):
        if value:
            yield name, value


def fit_told(fit: float, source: Source | str | None) -> str:
    """Say how well a script fits, and who found so."""
    return f"{fit:.2f}, judged by {'the model' if source == Source.MODEL else 'this machine'}"


def judge_told(judge: str | None, among: int | None = None) -> str | None:
    """Say what of this machine judged first, and among how many scripts it chose."""
    match judge:
        case None | "":
            return None
        case "rules":
            return "the script's own rules"
        case "examples":
            return "likeness to the scripts' examples, for nothing was trained yet"
    chose = "" if among is None else f", which chose among {told_scripts(among)}"
    return f"the selector {judge[:12]}{chose}"


def told_scripts(count: int) -> str:
    """Count scripts in words."""
    return "1 script" if count == 1 else f"{count} scripts"


def speaker(turn: NewTurn) -> str:
    """Say where the words came from."""
    match turn.kind:
        case TurnKind.OPERATOR:
            return f"{turn.said_by}, a person"
        case TurnKind.FREE:
            return "a model, in its own words"
        case TurnKind.SILENT:
            return "nobody"
    return f"the script, {manner(turn)}"


def manner(turn: NewTurn) -> str:
    """Say how the script's words were spoken."""
    if not turn.written:
        return "with its words for handing over"
    if turn.says == turn.written:
        return "as written"
    return "in a model's tone" if turn.model else "in the persona's voice"
