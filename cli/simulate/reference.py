"""The page about what the simulated Telegram knows, made from what it answers."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from simulator.bot_api.backlog import ON_REQUEST, UpdateKind
from simulator.bot_api.faults import MEANINGS as BOT_FAULTS
from simulator.bot_api.limits import IN_ALL, PER_CHAT, PER_GROUP
from simulator.bot_api.methods import all_methods as bot_methods
from simulator.mtproto.faults import MEANINGS as FAULTS
from simulator.mtproto.limits import USUAL
from simulator.mtproto.methods import all_methods
from simulator.mtproto.methods_help import Place, help_methods
from simulator.server import described_control

Json = dict[str, Any]


def known_methods() -> tuple[list[str], list[str]]:
    """Return the names of what MTProto clients and bots may call."""
    mtproto = all_methods()
    mtproto.include(help_methods(Place(0, "", 0)))
    return mtproto.known(), bot_methods().known()


def simulator_page(written: str) -> str:
    """Write the reference of the simulated Telegram."""
    mtproto, bots = known_methods()
    return f"""# The simulated Telegram

{written}

What is not listed here is answered with an error that names it, and is counted: `/unknown-methods`
of the control API tells for MTProto, `/bot-evidence` for the Bot API, which also tells what bots
said without effect. How to begin stands in [Rehearse on a Telegram of your
own](../how-to/rehearse.md).

## Control API

JSON over HTTP, on loopback only; `/openapi.json` describes it for programs. Ids of channels and
groups look like -100…, those of people and bots are above 0. A `*` stands after what must be given.
What is wrong is answered with `error`, a word, and `message`, a sentence: 404 for what is not
there, 409 for what Telegram would refuse (with Telegram's word), 422 for what makes no sense.

{"".join(control_sections(described_control())).rstrip()}

## Faults of MTProto

`POST /faults`; what fits is chosen by `method`, `account`, `chat` and `connection`, how often by
`times`, `skip`, `chance` and `seed`.

{table("kind", "what happens", FAULTS)}

## Faults of the Bot API

`POST /bot-faults`; what fits is chosen by `method`, `bot` and `chat`, how often by `times`, `skip`,
`chance` and `seed`. The method `webhook` is the delivery of an update to a bot's address, which `*`
does not mean: after `lost_answer` the update is delivered again, after any other kind it did not
arrive and is tried later.

{table("kind", "what happens", BOT_FAULTS)}

## Limits

Off until `PUT /limits` switches them on; they follow the world's clock, so that moving it ends a
wait. A bot sends {IN_ALL.acts} messages in {IN_ALL.seconds:g} s in all, {PER_CHAT.acts} in
{PER_CHAT.seconds:g} s to one chat, {PER_GROUP.acts} in {PER_GROUP.seconds:g} s to one group, where
opening, renaming, closing and reopening a topic count too. Accounts:

{bulleted(limits_of_accounts())}

## Methods of the Bot API

{bulleted(bots)}

## Updates of the Bot API

Those marked `on request` come only where `allowed_updates` names them.

{bulleted(update_kinds())}

## Methods of MTProto

{bulleted(mtproto)}
"""


def bulleted(names: Iterable[str]) -> str:
    """Write names as a list."""
    return "\n".join(f"- `{name}`" if " " not in name else f"- {name}" for name in names)


def table(left: str, right: str, rows: Mapping[Any, str]) -> str:
    """Write a table of two columns, the first of them code."""
    lines = [f"| {left} | {right} |", "|---|---|"]
    return "\n".join([*lines, *(f"| `{name}` | {meaning} |" for name, meaning in rows.items())])


def update_kinds() -> Iterator[str]:
    """Yield the kinds of updates that bots are told."""
    for kind in UpdateKind:
        yield f"`{kind}` on request" if kind in ON_REQUEST else str(kind)


def limits_of_accounts() -> Iterator[str]:
    """Yield the limits that accounts keep."""
    for limit in USUAL:
        where = " in each chat" if limit.per_chat else ""
        names = ", ".join(f"`{name}`" for name in sorted(limit.methods))
        yield f"{limit.acts} in {limit.seconds:g} s{where}: {names}"


def control_sections(openapi: Json) -> Iterator[str]:
    """Yield a section for each subject of the control API."""
    subjects: dict[str, list[str]] = {}
    for path, operations in openapi["paths"].items():
        for verb, operation in operations.items():
            row = operation_row(f"{verb.upper()} {path}", operation, openapi)
            subjects.setdefault(operation["tags"][0], []).append(row)
    for subject, rows in subjects.items():
        head = "| request | what it does | says |\n|---|---|---|\n"
        yield f"### {subject.capitalize()}\n\n{head}{''.join(rows)}\n"


def operation_row(request: str, operation: Json, openapi: Json) -> str:
    """Write what one request does and may say."""
    query = [each for each in operation.get("parameters", ()) if each["in"] == "query"]
    words = [f"`?{each['name']}`{'*' if each.get('required') else ''}" for each in query]
    words += [
        f"`{name}`{'*' if needed else ''}" for name, needed in body_fields(operation, openapi)
    ]
    meaning = operation["description"].replace("\n", " ")
    return f"| `{request}` | {meaning} | {', '.join(words) or '–'} |\n"


def body_fields(operation: Json, openapi: Json) -> Iterator[tuple[str, bool]]:
    """Yield the names in a request's body, and whether each must be given."""
    if "requestBody" not in operation:
        return
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    found = openapi["components"]["schemas"].get(schema.get("$ref", "").rpartition("/")[2], {})
    for name in found.get("properties", {}):
        yield name, name in found.get("required", ())
