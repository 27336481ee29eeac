"""Asking for JSON of a given shape, and finding it in what comes back."""

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ValidationError

from llm.model.answers import Shape

LONGEST_ANSWER = 100_000
"""Characters of an answer that are looked at."""
NOT_STRICT = frozenset({"default", "title", "minimum", "maximum", "maxLength", "minLength"})
"""What a strict schema may not hold everywhere; the answer is validated here anyway."""


class Form(StrEnum):
    """How a server is asked for JSON, the best way first."""

    SCHEMA = "json_schema"
    OBJECT = "json_object"
    TEXT = "text"

    @property
    def below(self) -> "Form | None":
        """The next best way."""
        forms = list(Form)
        at = forms.index(self) + 1
        return forms[at] if at < len(forms) else None


class Unreadable(ValueError):
    """The text holds no JSON of the wanted shape; the message tells the model why."""


def response_format(form: Form, shape: type[BaseModel]) -> dict[str, Any] | None:
    """Return the request's `response_format`, or None to send none."""
    if form is Form.TEXT:
        return None
    if form is Form.OBJECT:
        return {"type": "json_object"}
    schema = {"name": shape.__name__, "strict": True, "schema": strict_schema(shape)}
    return {"type": "json_schema", "json_schema": schema}


def strict_schema(shape: type[BaseModel]) -> dict[str, Any]:
    """Return the shape's JSON schema in the subset that strict servers take."""
    tightened: dict[str, Any] = tighten(shape.model_json_schema())
    return tightened


def tighten(schema: Any) -> Any:  # noqa: ANN401  (JSON of any kind)
    """Require every property, admit no others, and drop what strict servers refuse."""
    if isinstance(schema, list):
        return [tighten(item) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    tight = {key: tighten(value) for key, value in schema.items() if key not in NOT_STRICT}
    properties = schema.get("properties")
    if isinstance(properties, Mapping):
        tight["properties"] = {name: tighten(value) for name, value in properties.items()}
        tight["required"] = list(properties)
        tight["additionalProperties"] = False
    return tight


def instruction(shape: type[BaseModel]) -> str:
    """Say in words what a server without schemas must be told."""
    schema = json.dumps(strict_schema(shape), ensure_ascii=False, sort_keys=True)
    return f"Answer with one JSON object and nothing else. Its JSON schema: {schema}"


def read(text: str, shape: type[Shape]) -> Shape:
    """Return the first JSON object in the text as the wanted shape; raises Unreadable."""
    found = first_object(text[:LONGEST_ANSWER])
    if found is None:
        raise Unreadable("There is no whole JSON object in the answer.")
    try:
        return shape.model_validate(found)
    except ValidationError as error:
        raise Unreadable(told(error)) from None


def told(error: ValidationError) -> str:
    """Say what is wrong without repeating what was sent."""
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in problems[:5])


def first_object(text: str) -> dict[str, Any] | None:
    """Return the first whole JSON object, whatever stands around it."""
    decoder = json.JSONDecoder()
    at = text.find("{")
    for _ in range(64):  # a text of braces alone must not cost a quadratic time
        if at < 0:
            return None
        try:
            found, _end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            at = text.find("{", at + 1)
            continue
        if isinstance(found, dict):
            return found
    return None
