"""What servers send, and what it means."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from llm.model.answers import NOTHING, FailureKind, Usage


@dataclass(frozen=True, slots=True)
class Said:
    """Whole words of a model, not yet read."""

    text: str
    usage: Usage


@dataclass(frozen=True, slots=True)
class Trouble:
    """One request that failed."""

    kind: FailureKind
    detail: str
    usage: Usage = NOTHING
    counted: bool = True
    asked_to_wait: float | None = None
    format_refused: bool = False


MOST_TOKENS = 100_000_000
"""No request takes more; a server that counts so is not believed, for its budget could not hold."""


class Wire(BaseModel):
    """A part of the answer as servers send it: what is not used is not looked at."""

    model_config = ConfigDict(extra="ignore")


class WireDetails(Wire):
    """What the prompt's tokens were."""

    cached_tokens: int | None = Field(default=None, ge=0, le=MOST_TOKENS)


class WireUsage(Wire):
    """What the server counted."""

    prompt_tokens: int | None = Field(default=None, ge=0, le=MOST_TOKENS)
    completion_tokens: int | None = Field(default=None, ge=0, le=MOST_TOKENS)
    prompt_tokens_details: WireDetails | None = None


class WireMessage(Wire):
    """What the model said, or that it will not."""

    content: str | None = None
    refusal: str | None = None


class WireChoice(Wire):
    """One answer of those that were asked for."""

    message: WireMessage
    finish_reason: str | None = None


class WireCompletion(Wire):
    """The whole answer."""

    choices: tuple[WireChoice, ...] = Field(min_length=1)
    usage: WireUsage | None = None


def envelope(body: str) -> Said | Trouble:
    """Read what stands around the model's words."""
    try:
        completion = WireCompletion.model_validate_json(body)
    except ValidationError:
        detail = "The model's server answered with something that is no completion."
        return Trouble(FailureKind.UNREACHABLE, detail, counted=False)
    choice, usage = completion.choices[0], usage_of(completion.usage)
    counted = completion.usage is not None
    if choice.message.refusal or choice.finish_reason == "content_filter":
        return Trouble(FailureKind.REFUSED, "The model declined to answer.", usage, counted)
    if choice.finish_reason == "length":
        detail = "The model's answer was cut off at its limit of tokens."
        return Trouble(FailureKind.CUT_OFF, detail, usage, counted)
    return Said(choice.message.content or "", usage)


def usage_of(wire: WireUsage | None) -> Usage:
    """Read the counts; a server of one's own may send none."""
    if wire is None:
        return Usage()
    details = wire.prompt_tokens_details
    prompt = wire.prompt_tokens or 0
    cached = (details.cached_tokens or 0) if details else 0
    return Usage(prompt, min(cached, prompt), wire.completion_tokens or 0)
