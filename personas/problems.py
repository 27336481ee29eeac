"""What is wrong with a document, as a path and a sentence."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

Model = TypeVar("Model", bound=BaseModel)

SENTENCES = {
    "missing": "is missing",
    "extra_forbidden": "is not a key of this format; remove it or mend its spelling",
    "string_type": "must be a text (put it in quotes)",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "has more than {max_length} characters",
    "string_pattern_mismatch": "must be lower-case latin letters, digits, - and _, at most 64",
    "tuple_type": "must be a list",
    "list_type": "must be a list",
    "union_tag_invalid": "must be a mapping whose {discriminator} is one of {expected_tags}",
    "union_tag_not_found": "must be a mapping that has {discriminator}",
    "dict_type": "must be a mapping of keys to values",
    "model_type": "must be a mapping of keys to values",
    "model_attributes_type": "must be a mapping of keys to values",
    "literal_error": "must be one of {expected}",
    "enum": "must be one of {expected}",
    "too_short": "must have at least {min_length} entries, and has {actual_length}",
    "too_long": "must have at most {max_length} entries, and has {actual_length}",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "int_from_float": "must be a whole number",
    "finite_number": "must be a finite number",
    "decimal_parsing": "must be a number",
    "time_delta_type": "must be a span of time like 30s, 15m or 7d",
    "time_delta_parsing": "must be a span of time like 30s, 15m or 7d",
    "json_invalid": "is not JSON: {error}",
    "value_error": "{error}",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend: where it stands in the document, and what is wrong with it."""

    path: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.path}: {self.sentence}"


class InvalidDocument(ValueError):
    """A persona or script cannot be used; `problems` says why, one sentence each."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def parse(model: type[Model], document: object) -> Model:
    """Read a document made of plain mappings and lists; raises InvalidDocument."""
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise InvalidDocument(problems_of(error)) from None


def problems_of(error: ValidationError) -> tuple[Problem, ...]:
    """Return the problems in the order of the document."""
    return tuple(
        problem
        for found in error.errors(include_url=False, include_input=False)
        for problem in problems_at(found)
    )


def problems_at(found: ErrorDetails) -> Iterator[Problem]:
    """Yield one finding, or each of those that a check of ours brought with its own place."""
    path = path_of(found["loc"])
    inner = found.get("ctx", {}).get("error")
    if not isinstance(inner, InvalidDocument):
        yield Problem(path, sentence_of(found))
        return
    for problem in inner.problems:
        yield Problem(f"{path}.{problem.path}" if found["loc"] else problem.path, problem.sentence)


def path_of(location: tuple[int | str, ...]) -> str:
    """Write a location as people do: `triggers[2].responses[0]`."""
    path = ""
    for step in location:
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    return path.removeprefix(".") or "document"


def sentence_of(found: ErrorDetails) -> str:
    """Put one finding of pydantic into our words, or keep its own where we have none."""
    context: dict[str, Any] = found.get("ctx", {})
    template = SENTENCES.get(found["type"])
    return template.format_map(context) if template else found["msg"][:1].lower() + found["msg"][1:]
