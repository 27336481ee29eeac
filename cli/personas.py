"""Personas from options, files, an editor or answers at the terminal."""

import sys
from pathlib import Path

from cli.asking import ask, edited
from cli.documents import as_yaml, read_personas, yaml_documents
from orchestrator.errors import BadInput
from personas.persona import BIO_LIMIT, Persona
from personas.problems import InvalidDocument, parse

Fields = dict[str, object]


def changed_by(**options: object) -> Fields:
    """Return the options that were given."""
    return {name: value for name, value in options.items() if value is not None}


def ask_missing(given: Fields) -> Fields:
    """Ask at the terminal for what a persona cannot do without."""
    questions = {
        "name": "Name that readers see",
        "disclosure": f"Disclosure for the bio, at most {BIO_LIMIT} characters",
    }
    missing = {name: question for name, question in questions.items() if name not in given}
    return given | {name: ask(question) for name, question in missing.items()}


def persona_in(key: str, given: Fields, file: Path | None) -> Persona:
    """Put a persona together; raises BadInput with everything that is wrong with it."""
    if file is None:
        return whole(given | {"key": key})
    return whole(of_key(key, file).model_dump(mode="json") | given)


def edited_persona(before: Persona, given: Fields, file: Path | None) -> Persona:
    """Return the persona as it is to be: by file and options, else by a person's editor."""
    if file is not None:
        return persona_in(before.key, given, file)
    if given:
        return whole(before.model_dump(mode="json") | given)
    return from_editor(before)


def from_editor(before: Persona) -> Persona:
    """Let a person change a persona as YAML; raises BadInput with the line of each mistake."""
    text = edited(as_yaml([before]))
    found = list(yaml_documents(Path("persona"), text))
    if len(found) != 1:
        raise BadInput("one persona is edited at a time: nothing was changed")
    try:
        after = parse(Persona, found[0].content)
    except InvalidDocument as invalid:
        problems = "\n".join(found[0].describe(problem) for problem in invalid.problems)
        raise BadInput(f"nothing was changed:\n{problems}") from None
    return keeping_key(before.key, after)


def of_key(key: str, file: Path) -> Persona:
    """Return the one persona of a file."""
    found = read_personas(file)
    if len(found) != 1:
        raise BadInput(f"{file} holds {len(found)} personas: troupe personas import takes them all")
    return keeping_key(key, found[0])


def keeping_key(key: str, persona: Persona) -> Persona:
    """Refuse another key: accounts and audit know the persona by it."""
    if persona.key != key:
        raise BadInput(f"the persona's key is {key}, not {persona.key}: nothing was changed")
    return persona


def whole(content: Fields) -> Persona:
    """Check a persona as a whole."""
    try:
        return parse(Persona, content)
    except InvalidDocument as invalid:
        raise BadInput(f"nothing was changed: {invalid}") from None


def given_text(text: str | None, file: Path | None) -> str:
    """Return a text from the argument, a file or standard input; raises BadInput."""
    if (text is None) == (file is None):
        raise BadInput("give a text, or a file with one by --file")
    if file is None:
        return sys.stdin.read() if text == "-" else text or ""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file} cannot be read as text: {error}") from None
