"""Personas and scripts in files: what is read, and how mistakes are told."""

from pathlib import Path

import pytest
from hypothesis import given

from cli.documents import as_yaml, read_personas, read_scripts
from orchestrator.errors import BadInput
from personas.scripts.canonical import canonical_json
from personas.scripts.model import Script
from tests.unit.personas.any_script import scripts

ANNA = """\
key: anna
name: Anna
tone: warm
interests: [космос, telescopes]
disclosure: Speaks for Example Ltd, with a machine's help
"""
SCRIPT = """\
key: space
kind: comment
name: Space
language: en
triggers:
  - key: launch
    examples: [The rocket launched today]
    responses: [Which stage landed first?]
"""


def write(folder: Path, text: str, name: str = "file.yaml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def problem_of(file: Path) -> str:
    with pytest.raises(BadInput) as refused:
        read_personas(file)
    return str(refused.value)


def test_one_persona_is_read(tmp_path: Path) -> None:
    (anna,) = read_personas(write(tmp_path, ANNA))
    assert (anna.key, anna.interests) == ("anna", ("космос", "telescopes"))


def test_a_list_and_several_documents_are_read(tmp_path: Path) -> None:
    boris = ANNA.replace("anna", "boris")
    listed = "- " + ANNA.strip().replace("\n", "\n  ")
    file = write(tmp_path, f"{listed}\n---\n{boris}---\n")
    assert [one.key for one in read_personas(file)] == ["anna", "boris"]


def test_json_is_read(tmp_path: Path) -> None:
    text = '[{"key": "anna", "name": "Anna \\ud83d\\ude80", "disclosure": "Speaks for Example"}]'
    (anna,) = read_personas(write(tmp_path, text, "file.json"))
    assert anna.name == "Anna 🚀"


def test_a_folder_is_read_by_name(tmp_path: Path) -> None:
    write(tmp_path, SCRIPT.replace("space", "second"), "b.yml")
    write(tmp_path, SCRIPT, "a.yaml")
    write(tmp_path, "no script at all", "README.md")
    assert [script.key for script in read_scripts(tmp_path)] == ["space", "second"]


def test_what_is_exported_reads_back_the_same(tmp_path: Path) -> None:
    scripts = read_scripts(write(tmp_path, SCRIPT + "---\n" + SCRIPT.replace("space", "second")))
    assert read_scripts(write(tmp_path, as_yaml(scripts), "again.yaml")) == scripts


def test_a_mistake_is_told_with_file_line_path_and_sentence(tmp_path: Path) -> None:
    file = write(tmp_path, ANNA.replace("tone: warm", "tone: loud"))
    assert f"{file}:3: tone: must be one of" in problem_of(file)


def test_a_mistake_in_the_second_document_has_its_own_line(tmp_path: Path) -> None:
    file = write(tmp_path, f"{ANNA}---\n{ANNA.replace('anna', 'boris')}extra: 1\n")
    assert f"{file}:12: extra: is not a key of this format" in problem_of(file)


def test_a_mistake_deep_in_a_list_is_found(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        "- " + SCRIPT.replace("[Which stage landed first?]", "[{a: b}]").replace("\n", "\n  "),
    )
    with pytest.raises(BadInput) as refused:
        read_scripts(file)
    assert f"{file}:8: triggers[0].responses[0]" in str(refused.value)


def test_every_mistake_is_told_at_once(tmp_path: Path) -> None:
    told = problem_of(write(tmp_path, "key: anna\nlanguages: []\n"))
    assert "name: is missing" in told
    assert "disclosure: is missing" in told
    assert "languages: must have at least 1 entries" in told


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("key: [", "not YAML"),
        ("a: }", "file.yaml:1: not YAML"),
        ("key: anna\nkey: boris\n", "file.yaml:2: key: stands there twice"),
        ("a: &x [1]\nb: *x\n", "aliases"),
        ("", "holds nothing to import"),
        ("just words", "must be a mapping"),
        ("\x00", "not YAML"),
        (f"{ANNA}---\n{ANNA}", "“anna” stands there twice"),
    ],
)
def test_what_is_no_document_is_refused_with_a_sentence(
    tmp_path: Path, text: str, sentence: str
) -> None:
    assert sentence in problem_of(write(tmp_path, text))


def test_a_file_that_nests_too_deeply_is_refused(tmp_path: Path) -> None:
    assert "file.json" in problem_of(write(tmp_path, "[" * 200_000, "file.json"))
    assert "file.yaml" in problem_of(write(tmp_path, "[" * 5_000, "file.yaml"))


@pytest.mark.parametrize("text", ['{"key": 1,', '{"key": "a", "key": "b"}'])
def test_broken_json_is_refused_with_its_file(tmp_path: Path, text: str) -> None:
    assert "file.json" in problem_of(write(tmp_path, text, "file.json"))


def test_a_missing_file_is_a_plain_sentence(tmp_path: Path) -> None:
    assert "cannot be read: No such file" in problem_of(tmp_path / "nowhere.yaml")


def test_a_file_in_another_encoding_is_a_plain_sentence(tmp_path: Path) -> None:
    (tmp_path / "file.yaml").write_bytes("имя".encode("cp1251"))
    assert "is not UTF-8" in problem_of(tmp_path / "file.yaml")


def test_an_empty_folder_is_a_plain_sentence(tmp_path: Path) -> None:
    assert "holds no file that ends with" in problem_of(tmp_path)


@given(script=scripts())
def test_any_script_that_is_exported_is_imported_as_the_same_bytes(
    script: Script, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("exported")
    [again] = read_scripts(write(folder, as_yaml([script])))
    assert canonical_json(again) == canonical_json(script)
    assert as_yaml([again]) == as_yaml([script])
    [stored] = read_scripts(write(folder, canonical_json(script).decode(), "file.json"))
    assert canonical_json(stored) == canonical_json(script)


def test_a_mistake_in_a_conversation_is_told_with_its_line(tmp_path: Path) -> None:
    steps = (
        "steps:\n  - key: ask\n    say: Hm?\n    next:\n      - when: seats >\n        go: ask\n"
    )
    text = SCRIPT.replace("kind: comment", "kind: sales") + steps
    with pytest.raises(BadInput) as refused:
        read_scripts(write(tmp_path, text))
    assert "file.yaml:13: steps[0].next[0].when: character 8: expected" in str(refused.value)
