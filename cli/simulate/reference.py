"""The page about what the simulated Telegram knows, made from what it answers."""

from collections.abc import Iterable

from simulator.bot_api.methods import all_methods as bot_methods
from simulator.mtproto.faults import FaultKind
from simulator.mtproto.methods import all_methods
from simulator.mtproto.methods_help import Place, help_methods


def known_methods() -> tuple[list[str], list[str]]:
    """Return the names of what MTProto clients and bots may call."""
    mtproto = all_methods()
    mtproto.include(help_methods(Place(0, "", 0)))
    return mtproto.known(), sorted(set(bot_methods().names.values()))


def simulator_page(written: str) -> str:
    """Write the reference of the simulated Telegram."""
    mtproto, bots = known_methods()
    return f"""# The simulated Telegram

{written}

What is not listed here is answered with an error that names it, and is counted: `/unknown-methods`
of the control API tells. The control API describes itself at `/openapi.json`.

## Methods of MTProto

{bulleted(mtproto)}

## Methods of the Bot API

{bulleted(bots)}

## Kinds of faults

{bulleted(FaultKind)}
"""


def bulleted(names: Iterable[str]) -> str:
    """Write names as a list."""
    return "\n".join(f"- `{name}`" for name in names)
