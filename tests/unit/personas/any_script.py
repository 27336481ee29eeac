"""Scripts of any shape that the format accepts, for rules that must hold for all of them."""

from typing import Any

from hypothesis import strategies as st

from personas.problems import InvalidDocument, parse
from personas.scripts.model import Script

TEXTS_SAID = ["Well, {persona}…", "Hm."]
KEYS = ("one", "two", "three", "four")
CONDITIONS = ("count > 3", "flag", "not word is known", 'word == "yes" or turns >= 4', "heard")
TARGETS = st.sampled_from((*KEYS, "close", "handoff"))
TEXTS = st.sampled_from(("Hello", "{count} of them", "{word}, {persona}!", "So?"))
BRANCHES = st.lists(
    st.fixed_dictionaries({"when": st.sampled_from(CONDITIONS), "go": TARGETS}), max_size=2
)


@st.composite
def steps(draw: st.DrawFn, key: str) -> dict[str, Any]:
    wait = draw(st.booleans())
    step: dict[str, Any] = {"key": key, "wait": wait, "next": draw(BRANCHES)}
    step["say"] = draw(st.lists(TEXTS, min_size=int(wait), max_size=2))
    if not wait or draw(st.booleans()):
        step["next"] = [*step["next"], {"go": draw(TARGETS)}]
    if wait and draw(st.booleans()):
        step["collect"] = {
            "variable": draw(st.sampled_from(("count", "flag", "word"))),
            "refusals": "Again?",
            "attempts": draw(st.integers(1, 3)),
            "otherwise": draw(TARGETS),
        }
    return step


@st.composite
def scripts(draw: st.DrawFn) -> Script:
    """Draw scripts of any shape; those that the format refuses are tried without their circles."""
    content: dict[str, Any] = {
        "key": "any",
        "kind": "sales",
        "name": "Any",
        "language": "en",
        "disclosure": draw(st.none() | st.just("A program.")),
        "variables": [
            {"key": "count", "type": "integer"},
            {"key": "flag", "type": "yes_no"},
            {"key": "word"},
        ],
        "steps": [draw(steps(key)) for key in KEYS],
        "objections": [
            {"key": "no", "phrases": "no", "say": TEXTS_SAID, "then": draw(TARGETS)},
            {"key": "hm", "phrases": "hm", "say": TEXTS_SAID},
        ],
        "stop": [{"key": "end", "when": "count == 99", "phrases": "stop", "say": "Bye"}],
        "limits": {"turns": draw(st.integers(1, 12)), "parts": draw(st.integers(4, 8))},
    }
    if draw(st.booleans()):
        content["fallback"] = {"say": "What?", "then": draw(TARGETS)}
    if draw(st.booleans()):
        content["handoff"] = {"say": "A colleague comes.", "phrases": "human"}
    try:
        return parse(Script, content)
    except InvalidDocument:
        waiting = [one | {"wait": True, "say": one["say"] or ["So?"]} for one in content["steps"]]
        return parse(Script, content | {"steps": waiting})
