"""What the environment may say."""

from pathlib import Path

import pytest

from cli.settings import Settings, load_settings
from orchestrator.errors import BadInput


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for field, information in Settings.model_fields.items():
        monkeypatch.delenv(str(information.validation_alias or field).upper(), raising=False)
    monkeypatch.chdir(tmp_path)


def test_without_an_environment_everything_has_its_default() -> None:
    settings = load_settings()
    assert settings.database_url is None
    assert (settings.db_pool_size, settings.db_max_overflow) == (20, 40)
    assert (settings.web_host, settings.web_port) == ("127.0.0.1", 8080)
    assert settings.log_format is None
    assert settings.home.is_absolute()


def test_the_environment_goes_before_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("WEB_PORT=9000\nNODE_NAME=from-file\nUNRELATED=1\n")
    monkeypatch.setenv("WEB_PORT", "9001")
    settings = load_settings()
    assert (settings.web_port, settings.node_name) == (9001, "from-file")


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.setenv("TELEGRAM_API_ID", "")
    settings = load_settings()
    assert settings.database_url is None
    assert settings.telegram_api_id is None


def test_an_empty_variable_leaves_what_the_file_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("NODE_NAME=from-file\nLOG_LEVEL=\n")
    monkeypatch.setenv("NODE_NAME", "")
    settings = load_settings()
    assert (settings.node_name, settings.log_level) == ("from-file", "info")


@pytest.mark.parametrize("written", ["1,2", "[1, 2]", " 1 , 2 "])
def test_the_first_admins_are_numbers_with_commas_between_them(
    monkeypatch: pytest.MonkeyPatch, written: str
) -> None:
    monkeypatch.setenv("SUPREME_ADMIN_IDS", written)
    assert load_settings().supreme_admin_ids == [1, 2]


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("LOG_FORMAT", "xml", "LOG_FORMAT must be one of 'console' or 'json'"),
        ("DB_POOL_SIZE", "0", "DB_POOL_SIZE must be at least 1"),
        ("WEB_PORT", "70000", "WEB_PORT must be at most 65535"),
        ("TELEGRAM_API_ID", "abc", "TELEGRAM_API_ID must be a whole number"),
        ("TELEGRAM_SERVER", "nowhere", "TELEGRAM_SERVER must be HOST:PORT"),
        ("TELEGRAM_LOCAL_ADDRESS", "lo", "TELEGRAM_LOCAL_ADDRESS must be an IP address"),
        ("TELEGRAM_API_HASH", "short", "TELEGRAM_API_HASH must be 32 of 0-9 and a-f"),
        ("SUPREME_ADMIN_IDS", "me", "SUPREME_ADMIN_IDS must be numbers with commas between them"),
        ("TECH_GROUPS_MAPPING", "{Ivan", "TECH_GROUPS_MAPPING must be JSON with a group for each"),
        ("NODE_NAME", "two words", "NODE_NAME must be up to 63 letters"),
    ],
)
def test_a_wrong_value_is_one_sentence_that_names_the_variable_and_not_the_value(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, sentence: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(BadInput) as refused:
        load_settings()
    assert str(refused.value).startswith(sentence)
    assert "\n" not in str(refused.value)
    if name == "TELEGRAM_API_HASH":
        assert value not in str(refused.value)


def test_a_webhook_that_nobody_could_receive_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK_URL", "https://desk.example.org")
    monkeypatch.setenv("WEB_PORT", "0")
    with pytest.raises(BadInput, match="WEB_PORT must be a port and not 0 while WEBHOOK_URL"):
        load_settings()
    monkeypatch.setenv("WEBHOOK_URL", "")
    assert load_settings().web_port == 0
    monkeypatch.setenv("WEBHOOK_URL", "https://desk.example.org")
    monkeypatch.setenv("WEB_PORT", "8081")
    assert load_settings().web_port == 8081


def test_secrets_do_not_show_when_settings_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TROUPE_ENCRYPTION_KEY", "hunter2")
    settings = Settings(
        database_url="postgresql://troupe:hunter2@db/troupe",
        redis_url="rediss://:hunter2@cache/0",
        telegram_api_hash="0123456789abcdef" * 2,
    )
    shown = f"{settings!r} {settings!s}"
    assert "hunter2" not in shown
    assert "0123456789abcdef" not in shown


def test_an_ipv6_address_may_stand_in_brackets() -> None:
    assert Settings(telegram_server="[::1]:4430").telegram_address == ("::1", 4430)


def test_a_home_may_begin_with_a_tilde(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TROUPE_HOME", "~/troupe")
    assert load_settings().home == Path.home() / "troupe"


def test_the_home_of_the_user_is_not_the_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TROUPE_HOME", raising=False)
    monkeypatch.setenv("HOME", "/somewhere")
    monkeypatch.setenv("ENCRYPTION_KEY", "of another program")
    assert load_settings().home != Path("/somewhere")
    assert load_settings().encryption_key is None
