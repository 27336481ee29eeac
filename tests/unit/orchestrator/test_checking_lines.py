"""A drafted line is held against the rules of the script that it speaks."""

import pytest

from orchestrator.drafting.decider import check_line
from orchestrator.ids import ScriptVersionId
from orchestrator.ports.writing import Brief, Line, PublishedScript, Source
from personas.persona import Persona
from personas.scripts.model import Script
from personas.silence import SilenceReason
from personas.strategy import Strategy

ANNA = Persona(key="anna", name="Anna", disclosure="Speaks for Example Ltd; a machine helps")
LINKED = "Its data are at https://archive.example.org/data, and @archive_bot finds them."


def script(key: str, response: str, **more: object) -> Script:
    trigger = {"key": "data", "examples": ["where are the data"], "responses": [response]}
    content = {"key": key, "kind": "comment", "name": key, "language": "en", "triggers": [trigger]}
    return Script.model_validate(content | more)


def said(text: str, version: int, *scripts: Script) -> SilenceReason | None:
    """Return why a line of that version would not be said, if so."""
    published = tuple(
        PublishedScript(ScriptVersionId(number), one) for number, one in enumerate(scripts, 1)
    )
    brief = Brief("Where are the data of the telescope?", ANNA, published, (), 1)
    line = Line(
        text=text,
        script_version=ScriptVersionId(version),
        script_key="space",
        trigger="data",
        fit=0.9,
        strategy=Strategy.SCRIPT_80,
        reason="it fits",
        source=Source.LOCAL,
    )
    silence = check_line(brief, line)
    return None if silence is None else silence.reason


def test_a_line_may_hold_the_addresses_that_its_own_script_has() -> None:
    assert said(LINKED, 1, script("space", LINKED)) is None


@pytest.mark.parametrize(
    "text",
    [
        "Its data are at https://elsewhere.example.org/data today.",
        "Its data are at https://archive.example.org.evil.example/data today.",
        "Ask @another_bot where they are.",
    ],
)
def test_a_line_may_hold_no_other_address(text: str) -> None:
    assert said(text, 1, script("space", LINKED)) is SilenceReason.CHECKS_FAILED


def test_the_addresses_of_another_script_are_not_allowed() -> None:
    scripts = script("space", "They are in its archive."), script("other", LINKED)
    assert said(LINKED, 1, *scripts) is SilenceReason.CHECKS_FAILED


def test_a_line_keeps_the_length_and_the_claims_of_its_script() -> None:
    short = script("space", "They are in its archive.", limits={"length": 30})
    assert said("They are in its public archive, where anybody may look.", 1, short) is not None
    modest = script("space", "They are in its archive.", forbidden_claims=["always free"])
    assert said("They are always free of charge.", 1, modest) is not None
