"""TECH_GROUPS_MAPPING: which technician works in which group.

A JSON object by the technicians' names: `{"Иван": -1001234567890}`, or with the person beside the
group, `{"Иван": {"group": -1001234567890, "user": 123456789}}`.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from support.ids import ChatId, TgUserId
from support.people import NewTechnician

Group = Annotated[int, Field(lt=0, strict=True)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]


class MappedTechnician(BaseModel):
    """A technician's group and who they are."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    group: Group | None = None
    user: Annotated[int, Field(gt=0, strict=True)] | None = None


MAPPING = TypeAdapter(dict[Name, Group | MappedTechnician])


def read_mapping(text: str | None) -> tuple[NewTechnician, ...]:
    """Read the setting; raises ValueError with a sentence that says how it must look."""
    if not text or not text.strip():
        return ()
    try:
        found = MAPPING.validate_json(text)
    except ValidationError:
        raise ValueError(
            'must be a JSON object of names and groups, like {"Ivan": -1001234567890}'
        ) from None
    return tuple(technician(name, held) for name, held in found.items())


def technician(name: str, held: int | MappedTechnician) -> NewTechnician:
    """Return one entry as a technician."""
    if isinstance(held, int):
        return NewTechnician(name, group=ChatId(held))
    return NewTechnician(
        name,
        tg_user_id=None if held.user is None else TgUserId(held.user),
        group=None if held.group is None else ChatId(held.group),
    )
