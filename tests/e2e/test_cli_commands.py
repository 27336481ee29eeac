"""The commands against a real database, called as the entry point calls them."""

from pathlib import Path

import pytest

from tests.fixtures.commands import Ended, Troupe, environment, quiet_logging, refused, troupe

__all__ = ["environment", "quiet_logging", "troupe"]

PERSONA = """\
key: anna
name: Anna
languages: [en]
disclosure: Speaks for Example Ltd; a machine helps it write
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


@pytest.fixture
def persona(troupe: Troupe, tmp_path: Path) -> Path:
    """A persona that is stored."""
    file = tmp_path / "anna.yaml"
    file.write_text(PERSONA)
    assert troupe("personas", "import", str(file)).code == 0
    return file


def test_a_persona_is_imported_listed_and_exported_the_same(
    troupe: Troupe, persona: Path, tmp_path: Path
) -> None:
    (listed,) = troupe("personas", "list", "--json").json
    assert listed["persona"]["key"] == "anna"
    exported = tmp_path / "exported.yaml"
    exported.write_text(troupe("personas", "export", "anna").out)
    assert "0 of 1 persona" in troupe("personas", "import", str(exported)).out
    assert "0 of 1 persona" in troupe("personas", "import", str(persona)).out


def test_a_mistake_in_one_of_many_scripts_stores_none(troupe: Troupe, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(SCRIPT)
    (tmp_path / "b.yaml").write_text(SCRIPT.replace("key: space", "key: other\nnonsense: 1"))
    sentence = refused(troupe("scripts", "import", str(tmp_path)))
    assert "b.yaml:2: nonsense:" in sentence
    assert troupe("scripts", "list", "--json").json == []


def test_a_script_gets_a_new_version_only_when_it_changed(troupe: Troupe, tmp_path: Path) -> None:
    file = tmp_path / "space.yaml"
    file.write_text(SCRIPT)
    assert "1 of 1" in troupe("scripts", "import", str(file)).out
    assert "0 of 1" in troupe("scripts", "import", str(file)).out
    file.write_text(SCRIPT.replace("first", "second"))
    assert "1 of 1" in troupe("scripts", "import", str(file), "--message", "better").out
    (listed,) = troupe("scripts", "list", "--json").json
    assert listed["version"] == 2


def test_an_account_is_added_with_its_number_from_standard_input_and_never_shown_whole(
    troupe: Troupe,
    persona: Path,  # noqa: ARG001 - it is stored
) -> None:
    added = troupe(
        "accounts", "add", "anna", "--persona", "anna", "--phone-file", "-", given="+12025550123\n"
    )
    assert added.code == 0
    assert "troupe accounts login anna" in added.out
    listed = troupe("accounts", "list", "--json")
    assert [account["name"] for account in listed.json] == ["anna"]
    everything = listed.out + troupe("accounts", "show", "anna").out + troupe("audit").out
    assert "2025550123" not in everything
    assert "add" in troupe("audit", "--json").json[0]["action"]


def test_an_account_is_forgotten_or_retired_and_its_number_is_free_or_stays(
    troupe: Troupe,
    persona: Path,  # noqa: ARG001 - it is stored
) -> None:
    def add(name: str) -> Ended:
        words = ("accounts", "add", name, "--persona", "anna", "--phone-file", "-")
        return troupe(*words, given="+12025550123")

    assert add("ana").code == 0
    assert "`troupe accounts remove ana` forgets it" in refused(add("anna"))
    assert troupe("accounts", "remove", "ana").out == "ana is forgotten\n"
    assert add("anna").code == 0
    assert troupe("accounts", "retire", "anna").code == 0
    assert [one["state"] for one in troupe("accounts", "list", "--json").json] == ["retired"]
    assert "`troupe accounts login anna`" in refused(troupe("accounts", "pause", "anna"))
    assert "it is retired already" in refused(troupe("accounts", "remove", "anna"))


def test_name_and_persona_are_checked_before_the_number_is_asked_for(troupe: Troupe) -> None:
    assert "There is no persona anna" in refused(
        troupe("accounts", "add", "anna", "--persona", "anna")
    )


@pytest.mark.parametrize(
    ("arguments", "number", "sentence"),
    [
        (["anna", "--persona", "anna"], "12", "A phone number is written with +"),
        (["anna", "--persona", "nobody"], "+12025550123", "nobody"),
        (["Anna Ann", "--persona", "anna"], "+12025550123", "cannot be an account's name"),
    ],
)
def test_an_account_that_cannot_be_is_refused_and_nothing_is_stored(
    troupe: Troupe,
    persona: Path,  # noqa: ARG001 - it is stored
    arguments: list[str],
    number: str,
    sentence: str,
) -> None:
    ended = troupe("accounts", "add", *arguments, "--phone-file", "-", given=number)
    assert sentence in refused(ended)
    assert troupe("accounts", "list", "--json").json == []


@pytest.mark.parametrize(
    "listing",
    [
        ["accounts", "list"],
        ["accounts", "events"],
        ["channels", "list"],
        ["grants", "list"],
        ["campaigns", "list"],
        ["review", "list"],
        ["comments", "list"],
        ["outbox", "list"],
        ["personas", "list"],
        ["scripts", "list"],
        ["nodes", "list"],
        ["audit"],
    ],
    ids=" ".join,
)
def test_an_empty_listing_is_an_empty_array_for_programs_and_a_sentence_for_people(
    troupe: Troupe, listing: list[str]
) -> None:
    for_programs = troupe(*listing, "--json")
    assert (for_programs.code, for_programs.out) == (0, "[]\n")
    for_people = troupe(*listing)
    assert for_people.code == 0
    assert len(for_people.out.strip()) > 10


def test_status_counts_nothing_at_first(troupe: Troupe) -> None:
    status = troupe("status", "--json").json
    assert status["tally"]["posts_seen"] == 0
    assert status["decisions"] == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["accounts", "show", "nobody"],
        ["channels", "show", "@nowhere"],
        ["grants", "revoke", "99"],
        ["campaigns", "start", "never"],
        ["review", "approve", "99"],
        ["comments", "explain", "99"],
        ["outbox", "cancel", "99"],
        ["personas", "export", "nobody"],
        ["scripts", "export", "nothing"],
    ],
    ids=" ".join,
)
def test_what_is_not_there_is_one_sentence_and_exit_code_1(
    troupe: Troupe, arguments: list[str]
) -> None:
    assert refused(troupe(*arguments)).count("\n") == 1


def test_without_an_application_signing_in_says_where_to_get_one(
    troupe: Troupe,
    persona: Path,  # noqa: ARG001 - it is stored
) -> None:
    troupe(
        "accounts", "add", "anna", "--persona", "anna", "--phone-file", "-", given="+12025550123"
    )
    assert "my.telegram.org" in refused(troupe("accounts", "login", "anna"))
    assert "my.telegram.org" in refused(troupe("run"))


def test_doctor_finds_everything_well_but_what_no_account_needs_yet(troupe: Troupe) -> None:
    ended = troupe("doctor", "--json")
    health = {finding["check"]: finding["health"] for finding in ended.json}
    assert ended.code == 0
    assert health.pop("Telegram application") == "warning"
    assert health.pop("Telegram") == "warning"
    assert set(health) == {
        "Python", "Disk", "Encryption key", "PostgreSQL", "Schema", "Clock", "Redis", "Pacing"
    }  # fmt: skip
    assert set(health.values()) == {"ok"}


def test_doctor_names_what_is_broken_and_how_to_mend_it(
    troupe: Troupe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://:hunter2@127.0.0.1:9/0")
    ended = troupe("doctor")
    assert ended.code == 1
    assert "✗" in ended.out
    assert "REDIS_URL" in ended.out
    assert "hunter2" not in ended.out + ended.err


def test_doctor_reads_the_key_of_another_telegram(
    troupe: Troupe, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    key = tmp_path / "server.pem"
    key.write_bytes(b"\xff no key at all")
    monkeypatch.setenv("TELEGRAM_SERVER", "127.0.0.1:9")
    monkeypatch.setenv("TELEGRAM_PUBLIC_KEY_FILE", str(key))
    ended = troupe("doctor", "--json")
    assert ended.code == 1
    found = next(one for one in ended.json if one["check"] == "Telegram")
    assert found["health"] == "broken"
    assert "BEGIN RSA PUBLIC KEY" in found["remedy"]


def test_figures_of_somebody_who_did_nothing_say_so(troupe: Troupe) -> None:
    assert "Nothing was said" in troupe("stats", "--user", "nobody").out


def test_an_unreachable_database_is_one_sentence(
    troupe: Troupe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://troupe:hunter2@127.0.0.1:9/troupe")
    sentence = refused(troupe("accounts", "list"))
    assert "troupe doctor" in sentence
    assert "hunter2" not in sentence


def test_a_wrong_setting_is_one_sentence(troupe: Troupe, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOG_FORMAT", "xml")
    assert "LOG_FORMAT must be one of" in refused(troupe("status"))


def test_a_backup_brings_back_what_was_stored_and_nothing_else(
    troupe: Troupe, persona: Path, tmp_path: Path
) -> None:
    dump = tmp_path / "troupe.dump"
    assert troupe("db", "backup", str(dump)).code == 0
    assert dump.stat().st_mode & 0o077 == 0
    assert "exists already" in refused(troupe("db", "backup", str(dump)))
    persona.write_text(PERSONA.replace("anna", "boris"))
    troupe("personas", "import", str(persona))
    assert troupe("db", "restore", str(dump), "--yes").code == 0
    (listed,) = troupe("personas", "list", "--json").json
    assert listed["persona"]["key"] == "anna"


def test_what_is_no_backup_changes_nothing(
    troupe: Troupe,
    persona: Path,  # noqa: ARG001 - it is stored
    tmp_path: Path,
) -> None:
    file = tmp_path / "no.dump"
    file.write_text("not a backup")
    assert "is no backup" in refused(troupe("db", "restore", str(file)))
    assert "missing.dump cannot be read" in refused(
        troupe("db", "restore", str(tmp_path / "missing.dump"))
    )
    file.write_text("PGDMP, and then nothing of use")
    refused(troupe("db", "restore", str(file), "--yes"))
    unanswered = troupe("db", "restore", str(file))
    assert unanswered.code == 1
    assert "nothing was changed" in unanswered.err
    assert len(troupe("personas", "list", "--json").json) == 1


def test_keys_rotate_and_what_was_stored_before_stays_readable(
    troupe: Troupe,
    persona: Path,  # noqa: ARG001 - it is stored
    tmp_path: Path,
) -> None:
    troupe(
        "accounts", "add", "anna", "--persona", "anna", "--phone-file", "-", given="+12025550123"
    )
    keys = tmp_path / "home" / "encryption.keys"
    first = keys.read_text()
    assert troupe("keys", "rotate").out.startswith("1 secrets are encrypted under the newest key")
    assert keys.read_text() != first
    assert keys.read_text().endswith(first)
    assert troupe("keys", "rotate", "--forget").out.startswith("1 secrets")
    assert first not in keys.read_text()
    assert troupe("accounts", "list").code == 0


def test_the_schema_is_the_newest_and_stays_so(troupe: Troupe) -> None:
    assert troupe("db", "current", "--json").json["is_current"] is True
    assert "already" in troupe("db", "upgrade").out


def test_a_setting_is_set_shown_and_bounded_by_the_charter(troupe: Troupe) -> None:
    assert troupe("settings", "set", "account_pace.apart", "PT30S").code == 0
    shown = {one["key"]: one["value"] for one in troupe("settings", "list", "--json").json}
    assert shown["account_pace.apart"] == '"PT30S"'
    assert troupe("settings", "set", "account_pace.apart", "1m30s").code == 0
    listed = troupe("settings", "list").out
    assert "90 s" in listed
    assert "conversations.letters_per_second" in listed
    assert "1 h, 1 d, 7 d" in listed
    assert "typing" in troupe("settings", "show", "conversations.rush").out
    assert "like 30s, 15m or 7d" in refused(troupe("settings", "set", "claim", "null"))
    too_long = troupe("settings", "set", "disclosure_check", "PT5H")
    assert "must lie between" in refused(too_long)
    unknown = troupe("settings", "set", "nothing", "1")
    assert "there is no setting" in refused(unknown)


def test_servers_that_run_are_not_erased_and_unknown_folders_are_refused(
    troupe: Troupe, tmp_path: Path
) -> None:
    unknown = troupe("db", "erase", str(tmp_path / "nowhere"), "--yes")
    assert "troupe db folders" in refused(unknown)
    assert isinstance(troupe("db", "folders", "--json").json, list)
