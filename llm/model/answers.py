"""What comes of asking a model: an answer, or a failure that says why."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Generic, TypeVar

from pydantic import BaseModel

Shape = TypeVar("Shape", bound=BaseModel)


class FailureKind(StrEnum):
    """Why there is no answer."""

    UNREACHABLE = "unreachable"
    """No connection, or it broke before the answer was whole."""
    TIMEOUT = "timeout"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    REJECTED = "rejected"
    """The server does not accept the request: its key, model or parameters."""
    BAD_ANSWER = "bad_answer"
    """What came back has not the wanted shape, also after it was asked to mend it."""
    CUT_OFF = "cut_off"
    """The answer reached its limit of tokens before its end."""
    REFUSED = "refused"
    """The model, or its provider's filter, does not want to answer."""
    CIRCUIT_OPEN = "circuit_open"
    """The server failed so often lately that it is left alone for a while."""
    BUDGET_SPENT = "budget_spent"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, as the server counted them."""

    prompt: int = 0
    cached: int = 0
    """The part of `prompt` that came from the provider's cache."""
    completion: int = 0

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.prompt + other.prompt,
            self.cached + other.cached,
            self.completion + other.completion,
        )


NOTHING = Usage()


@dataclass(frozen=True, slots=True)
class Effort:
    """What asking took, whatever came of it."""

    usage: Usage = NOTHING
    requests: int = 0
    """HTTP requests that were sent."""
    uncounted: int = 0
    """Those of them that may have been billed though no count came back."""
    duration: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Answered(Generic[Shape]):
    """The model's answer in the wanted shape. Still hostile: shape is no proof of sense."""

    value: Shape
    effort: Effort = field(default_factory=Effort)


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer; `detail` is one sentence for the person who asks why."""

    kind: FailureKind
    detail: str
    effort: Effort = field(default_factory=Effort)
