import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.problems import InvalidDocument, parse
from personas.scripts.canonical import canonical_json, read_canonical, sha256_of
from personas.scripts.model import Response, Script, Trigger

TRIGGER: dict[str, Any] = {"key": "mars", "examples": ["Water on Mars"], "responses": ["Which?"]}
SCRIPT: dict[str, Any] = {
    "key": "space",
    "kind": "comment",
    "name": "Space",
    "language": "en",
    "triggers": [TRIGGER],
}


def problem_of(**changes: Any) -> str:
    with pytest.raises(InvalidDocument) as refused:
        parse(Script, SCRIPT | changes)
    return str(refused.value)


def with_trigger(**changes: Any) -> dict[str, Any]:
    return {"triggers": [TRIGGER | changes]}


def test_a_bare_text_is_a_response_for_every_post() -> None:
    script = parse(Script, SCRIPT)
    assert script.triggers[0].responses == (Response(text="Which?"),)


def test_a_response_may_say_which_posts_it_suits() -> None:
    script = parse(Script, SCRIPT | with_trigger(responses=[{"text": "So?", "when": ["water"]}]))
    assert script.triggers[0].responses[0].when == ("water",)


def test_a_response_is_written_as_briefly_as_it_was_read() -> None:
    both = ["Which?", {"text": "So?", "when": ["water"]}]
    script = parse(Script, SCRIPT | with_trigger(responses=both))
    assert script.model_dump(mode="json")["triggers"][0]["responses"] == both


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"triggers": []}, "needs at least one trigger"),
        (with_trigger(responses=[]), "the trigger “mars” needs at least one response"),
        (with_trigger(examples=[]), "triggers[0].examples: must have at least 1 entries"),
        (with_trigger(examples=["…!"]), "has no words"),
        (with_trigger(responses=["Hi {name}"]), "{name} is not a placeholder"),
        (with_trigger(responses=["Hi {"]), "a brace that belongs to no placeholder"),
        (with_trigger(responses=["Hi {{persona}}"]), "a brace that belongs to no placeholder"),
        (with_trigger(responses=["a", "a"]), "the response “a” stands there 2 times"),
        (with_trigger(responses=["x" * 601]), "has 601 characters, and limits.length is 600"),
        (with_trigger(extra=1), "triggers[0].extra: is not a key of this format"),
        (with_trigger(responses=[5]), "triggers[0].responses[0]"),
        ({"triggers": [TRIGGER, TRIGGER]}, "the trigger “mars” stands there 2 times"),
        ({"kind": "poem"}, "kind: must be one of"),
        ({"language": "fr"}, "language: must be one of"),
        ({"limits": {"fit": 2}}, "limits.fit: must be less than 1"),
        ({"scenes": []}, "scenes: is not a key of this format"),
    ],
)
def test_a_mistake_is_a_path_and_a_sentence(changes: dict[str, Any], told: str) -> None:
    assert told in problem_of(**changes)


def test_the_known_placeholders_are_welcome() -> None:
    parse(Script, SCRIPT | with_trigger(responses=["I am {persona}. {disclosure}"]))


def test_a_script_of_another_kind_may_wait_for_its_triggers() -> None:
    assert parse(Script, SCRIPT | {"kind": "sales", "triggers": []}).triggers == ()


def test_canonical_form_does_not_depend_on_the_order_of_keys() -> None:
    turned = dict(reversed(SCRIPT.items()))
    assert canonical_json(parse(Script, SCRIPT)) == canonical_json(parse(Script, turned))


def test_a_default_written_out_hashes_like_one_left_out() -> None:
    explicit = parse(Script, SCRIPT | {"limits": {"fit": 0.7}, "goal": ""})
    assert sha256_of(explicit) == sha256_of(parse(Script, SCRIPT))


def test_a_changed_word_changes_the_hash() -> None:
    other = parse(Script, SCRIPT | {"name": "Spaces"})
    assert sha256_of(other) != sha256_of(parse(Script, SCRIPT))


def test_canonical_form_is_compact_sorted_and_readable() -> None:
    content = canonical_json(parse(Script, SCRIPT | {"name": "Космос"}))
    assert "Космос".encode() in content
    assert list(json.loads(content)) == sorted(json.loads(content))


LETTERS = st.text("абвгдежз abcdefg", min_size=2, max_size=30).filter(
    lambda text: text.strip() > "a"
)
TRIGGERS = st.builds(
    Trigger,
    key=st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True),
    examples=st.lists(LETTERS.map(lambda text: f"word {text}"), min_size=1, max_size=4).map(tuple),
    responses=st.lists(
        st.builds(Response, text=LETTERS.map(lambda text: f"say {text}")),
        min_size=1,
        max_size=4,
        unique_by=lambda response: response.text,
    ).map(tuple),
)


@given(st.lists(TRIGGERS, min_size=1, max_size=3, unique_by=lambda trigger: trigger.key))
def test_any_script_reads_back_from_its_canonical_bytes(triggers: list[Trigger]) -> None:
    script = Script.model_validate(SCRIPT | {"triggers": triggers})
    content = canonical_json(script)
    assert read_canonical(content) == script
    assert canonical_json(read_canonical(content)) == content
