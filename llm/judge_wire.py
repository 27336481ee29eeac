"""What a node and its judge's process tell each other: lines of JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import TypeAdapter

from llm.readings import Heard
from orchestrator.ids import ScriptVersionId
from orchestrator.ports.writing import PublishedScript
from personas.language import Language
from personas.scripts.model import Script, ScriptKind, Trigger


@dataclass(frozen=True, slots=True)
class Learnable:
    """What of a script is learnt."""

    key: str
    language: Language
    examples: tuple[tuple[str, tuple[str, ...]], ...]
    """By trigger."""
    counterexamples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """A text to read, or none: then the scripts are learnt only."""

    id: int
    versions: tuple[int, ...]
    scripts: Mapping[int, Learnable] = field(default_factory=dict)
    """Those of them that the process does not know yet."""
    text: str | None = None
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Response:
    """What came of a request."""

    id: int
    heard: Heard | None = None
    failure: str = ""


REQUESTS = TypeAdapter(Request)
RESPONSES = TypeAdapter(Response)


def learnable(script: Script) -> Learnable:
    """Return what of a script is learnt."""
    examples = tuple((one.key, one.examples) for one in script.triggers)
    return Learnable(script.key, script.language, examples, script.counterexamples)


def published(version: int, known: Learnable) -> PublishedScript:
    """Return the script as the process knows it: what is not learnt is not there."""
    triggers = tuple(
        Trigger.model_construct(key=key, examples=examples) for key, examples in known.examples
    )
    script = Script.model_construct(
        key=known.key,
        kind=ScriptKind.COMMENT,
        name=known.key,
        language=known.language,
        triggers=triggers,
        counterexamples=known.counterexamples,
    )
    return PublishedScript(ScriptVersionId(version), script)


def set_of(request: Request, known: Mapping[int, Learnable]) -> Sequence[PublishedScript]:
    """Return the scripts that a request is about."""
    return [published(version, known[version]) for version in request.versions]
