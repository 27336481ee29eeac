"""A small sales script that tests change, and what is wrong with it then."""

from copy import deepcopy
from typing import Any

from personas.problems import InvalidDocument, parse
from personas.scripts.model import Script

SALES: dict[str, Any] = {
    "key": "seats",
    "kind": "sales",
    "name": "Seats",
    "language": "en",
    "disclosure": "A program of Example Ltd writes here.",
    "triggers": [{"key": "buy", "examples": ["I want to buy seats"]}],
    "variables": [
        {"key": "seats", "type": "integer", "minimum": 1, "maximum": 500},
        {"key": "agreed", "type": "yes_no"},
    ],
    "steps": [
        {
            "key": "ask",
            "say": ["How many seats do you need?", "How many seats shall it be?"],
            "collect": {"variable": "seats", "refusals": "Please name a number up to 500."},
            "next": [{"when": "seats > 100", "go": "large"}, {"go": "offer"}],
        },
        {"key": "large", "say": "That is a large order.", "wait": False, "next": "handoff"},
        {
            "key": "offer",
            "say": "{seats} seats cost ten euros each. Shall I send the contract?",
            "collect": {"variable": "agreed", "refusals": "Yes or no?", "attempts": 2},
            "next": [{"when": "agreed", "go": "thanks"}, {"go": "close"}],
        },
        {"key": "thanks", "say": "Thank you, it is on its way.", "wait": False, "next": "close"},
    ],
    "objections": [{"key": "price", "phrases": ["expensive"], "say": "The price covers support."}],
    "fallback": {"say": "I did not understand."},
    "handoff": {"say": "A colleague takes over.", "phrases": ["human", "operator"]},
    "stop": [{"key": "rude", "phrases": ["go away"], "say": "Good bye."}],
}


def sales(**changes: Any) -> Script:
    return parse(Script, deepcopy(SALES) | changes)


def with_step(index: int, **changes: Any) -> dict[str, Any]:
    steps = deepcopy(SALES["steps"])
    steps[index] |= changes
    return {"steps": steps}


def problems_of(**changes: Any) -> list[str]:
    try:
        sales(**changes)
    except InvalidDocument as invalid:
        return [str(problem) for problem in invalid.problems]
    return []
