"""What the environment says, read once into one frozen value.

Each field is the variable of the same name; a file `.env` in the current folder stands behind
the environment. A test holds `docs/reference/configuration.md` and
`.env.example` against this class.
"""

import json
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    IPvAnyAddress,
    ValidationError,
    ValidationInfo,
)
from pydantic import field_validator as validates
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from orchestrator.errors import BadInput
from personas.problems import problems_of
from support.tickets import Mode

SENTENCES = {
    "bot_token": "must be a token as @BotFather writes it, like 123456:ABC…",
    "webhook_url": "must begin with https://, like https://desk.example.org",
    "bot_api_url": "must begin with http:// or https://",
    "default_region": "must be two capital letters, like RU",
    "telegram_api_hash": "must be 32 of 0-9 and a-f",
    "telegram_local_address": "must be an IP address of this machine, like 127.0.0.2",
    "openai_base_url": "must begin with http:// or https://, like http://127.0.0.1:11434/v1",
    "tech_groups_mapping": 'must be JSON with a group for each name: {"Ivan": -1001234567890}',
    "supreme_admin_ids": "must be numbers with commas between them, like 123,456",
    "dev_admin_ids": "must be numbers with commas between them, like 123,456",
    "node_name": 'must be up to 63 letters, digits, ".", "_" and "-"',
}
"""Where the general sentence about a pattern would say too little."""


class LogFormat(StrEnum):
    """How log lines are written to standard error."""

    CONSOLE = "console"
    JSON = "json"


class SelectorKind(StrEnum):
    """How scripts are selected on this machine."""

    MEANING = "meaning"
    WORDS = "words"
    INLINE = "inline"


class LogLevel(StrEnum):
    """The least important line that is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def lower(value: object) -> object:
    """Let INFO stand for info."""
    return value.lower() if isinstance(value, str) else value


def listed(value: object) -> object:
    """Let 1,2 stand for [1, 2]."""
    if not isinstance(value, str):
        return value
    inside = value.strip(" []")
    return inside.split(",") if inside else []


def from_json(value: object) -> object:
    """Read JSON; raises ValueError."""
    return json.loads(value) if isinstance(value, str) else value


Ids = Annotated[list[int], NoDecode, BeforeValidator(listed)]


def settled(path: Path) -> Path:
    """Return where the path leads from here, so that it stays there whoever asks."""
    return path.expanduser().absolute()


def data_folder() -> Path:
    """Return where Troupe keeps its data when nobody says otherwise."""
    from db.embedded import default_folder

    return default_folder()


class Settings(BaseSettings):
    """Every setting of a process; secrets never show when it is printed."""

    model_config = SettingsConfigDict(
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    database_url: str | None = Field(
        default=None,
        repr=False,
        description="External PostgreSQL. Default: Troupe starts its own.",
    )
    redis_url: str | None = Field(
        default=None,
        repr=False,
        description="External Redis or Valkey. Default: Troupe starts its own.",
    )
    db_pool_size: int = Field(default=20, ge=1, le=1000, description="Database connections kept.")
    db_max_overflow: int = Field(
        default=40, ge=0, le=1000, description="Database connections beyond those, when busy."
    )
    home: Annotated[Path, AfterValidator(settled)] = Field(
        default_factory=data_folder,
        validation_alias="TROUPE_HOME",
        description="Data folder: own servers, own key. Default: the user's data folder.",
    )
    encryption_key: str | None = Field(
        default=None,
        repr=False,
        validation_alias="TROUPE_ENCRYPTION_KEY",
        description="Encrypts session keys and phone numbers. Default: from the system's keyring, "
        "or from a file that only you can read.",
    )
    telegram_api_id: int | None = Field(
        default=None, ge=1, description="Your application's number, from my.telegram.org."
    )
    telegram_api_hash: str | None = Field(
        default=None,
        repr=False,
        pattern=r"^[0-9a-f]{32}$",
        description="Your application's hash, from my.telegram.org.",
    )
    telegram_server: str | None = Field(
        default=None, description="Another Telegram server, HOST:PORT, as for tests."
    )
    telegram_dc_id: int = Field(
        default=2, ge=1, le=10_000, description="The data centre that TELEGRAM_SERVER stands for."
    )
    telegram_public_key_file: Path | None = Field(
        default=None, description="TELEGRAM_SERVER's public RSA key, a PEM file."
    )
    telegram_local_address: IPvAnyAddress | None = Field(
        default=None,
        description="The address that connections to Telegram leave from, on a machine with "
        "several. One for all accounts.",
    )
    openai_base_url: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        description="A server that speaks the OpenAI protocol. Default: OpenAI's own.",
    )
    openai_api_key: str | None = Field(
        default=None, repr=False, description="That server's key, if it wants one."
    )
    llm_model: str | None = Field(
        default=None, description="The model to ask. Default: Troupe works without a model."
    )
    selector: Annotated[SelectorKind, BeforeValidator(lower)] = Field(
        default=SelectorKind.MEANING,
        description="How scripts are selected on this machine: by `meaning` (of English) and "
        "words, or by `words` alone, in a process of its own; or `inline`, by words in the node.",
    )
    llm_timeout: float = Field(
        default=30.0, gt=0, le=600, description="Seconds for one request to the model."
    )
    llm_at_once: int = Field(
        default=4, ge=1, le=1000, description="Requests to the model at a time, per process."
    )
    llm_tokens_per_day: int | None = Field(
        default=2_000_000, ge=0, description="Tokens that all nodes may spend on a day (UTC)."
    )
    llm_usd_per_day: Decimal | None = Field(
        default=None, ge=0, description="US dollars that all nodes may spend on a day (UTC)."
    )
    llm_tokens_per_campaign: int | None = Field(
        default=None, ge=0, description="Tokens that one campaign may spend in all."
    )
    llm_usd_per_campaign: Decimal | None = Field(
        default=None, ge=0, description="US dollars that one campaign may spend in all."
    )
    llm_usd_per_million_prompt: Decimal = Field(
        default=Decimal(0), ge=0, description="Price of a million tokens that are sent."
    )
    llm_usd_per_million_cached: Decimal | None = Field(
        default=None,
        ge=0,
        description="Price of those that the provider had in its cache. Default: as if sent.",
    )
    llm_usd_per_million_completion: Decimal = Field(
        default=Decimal(0), ge=0, description="Price of a million tokens that are answered."
    )
    log_format: Annotated[LogFormat | None, BeforeValidator(lower)] = Field(
        default=None,
        description="`console` or `json`. Default: `console` on a terminal, else `json`.",
    )
    log_level: Annotated[LogLevel, BeforeValidator(lower)] = Field(
        default=LogLevel.INFO, description="`debug`, `info`, `warning` or `error`."
    )
    node_name: str | None = Field(
        default=None,
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$",
        description="This process's name among the nodes. Default: host and process number.",
    )
    bot_token: str | None = Field(
        default=None,
        repr=False,
        pattern=r"^[0-9]+:[A-Za-z0-9_-]{20,}$",
        description="The support desk's bot, from @BotFather. Default: as `troupe desk setup` "
        "kept it.",
    )
    bot_api_url: str = Field(
        default="https://api.telegram.org",
        pattern=r"^https?://\S+$",
        description="The server of the Bot API, as for tests or for one of your own.",
    )
    webhook_url: str | None = Field(
        default=None,
        pattern=r"^https?://\S+$",
        description="Where Telegram reaches WEB_PORT from outside; the bot's updates are then "
        "brought there. Default: they are fetched.",
    )
    operators_chat_id: int | None = Field(
        default=None, lt=0, description="The group in which operators take tickets (mode take)."
    )
    main_group_id: int | None = Field(
        default=None, lt=0, description="The forum with a topic for each ticket (mode topics)."
    )
    tech_groups_mapping: Annotated[dict[str, int], NoDecode, BeforeValidator(from_json)] = Field(
        default_factory=dict,
        description='Technicians and their groups, as JSON: {"Ivan": -1001234567890}.',
    )
    desk_mode: Annotated[Mode | None, BeforeValidator(lower)] = Field(
        default=None,
        description="How new tickets are handled, where both groups are set: `take` or `topics`. "
        "Default: topics.",
    )
    default_region: str = Field(
        default="RU",
        pattern=r"^[A-Z]{2}$",
        description="The country of phone numbers that are typed without a country code.",
    )
    supreme_admin_ids: Ids = Field(
        default_factory=list, description="Telegram ids of the desk's first admins: 123,456."
    )
    dev_admin_ids: Ids = Field(
        default_factory=list, description="Telegram ids of further admins: 123,456."
    )
    store_media_local: bool = Field(
        default=False, description="Keep the files that clients and operators send."
    )
    media_root: str = Field(
        default="media",
        description="Where those files are kept: a folder, or s3://bucket/path. A path without a "
        "beginning lies in TROUPE_HOME.",
    )
    web_host: str = Field(default="127.0.0.1", min_length=1, description="Where health is served.")
    web_port: int = Field(
        default=8080, ge=0, le=65535, description="The port of /healthz and /readyz; 0: none."
    )

    @validates("telegram_server")
    @classmethod
    def has_host_and_port(cls, text: str | None) -> str | None:
        """Refuse an address that has no host or no port."""
        if text is not None:
            split_address(text)
        return text

    @validates("web_port")
    @classmethod
    def receives_webhook(cls, port: int, others: ValidationInfo) -> int:
        """Refuse a webhook without a port: whatever Telegram brought, nobody would take it."""
        if port == 0 and others.data.get("webhook_url") is not None:
            raise ValueError(
                "must be a port and not 0 while WEBHOOK_URL is set, or nobody receives what "
                "Telegram brings there (without WEBHOOK_URL, updates are fetched)"
            )
        return port

    @property
    def telegram_address(self) -> tuple[str, int] | None:
        """Host and port of TELEGRAM_SERVER, or None for Telegram itself."""
        return split_address(self.telegram_server) if self.telegram_server else None


def split_address(text: str) -> tuple[str, int]:
    """Read HOST:PORT; raises ValueError."""
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise ValueError("must be HOST:PORT, like 127.0.0.1:4430")
    return host.strip("[]"), int(port)


def load_settings() -> Settings:
    """Read the environment and `.env`; raises BadInput with a sentence that names the variable."""
    try:
        return Settings()
    except ValidationError as error:
        raise BadInput(sentence_about(error)) from None


def sentence_about(error: ValidationError) -> str:
    """Say which variables cannot be used and why; a value is never repeated, it may be secret."""
    named = {problem.path.partition("[")[0]: problem.sentence for problem in problems_of(error)}
    found = "; ".join(
        f"{name.upper()} {SENTENCES.get(name, sentence)}" for name, sentence in named.items()
    )
    return f"{found}: correct it in the environment or in .env"
